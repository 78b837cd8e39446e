# 常用命令 · the usual commands. Only cargo and these packages of Debian are needed; see `make tools`.
#   make demo    演示 · the switchboard with robot seats and about 12 robot callers, on this machine only; CALLERS=0 for a quiet one
#   make test    全部检查与测试 · format, lints, unit tests, scenarios, real peers (SIPp, baresip, Chromium), the pages in a browser
#   make tour    巡览 · walks all pages of a demo by its links in Chromium, takes docs/screens anew, hears the caller in the page
#   make pages   网页 · web/dist is what web/ builds; `cd web && npm run build` builds it
#   make soak    长测 · the long forms of the random and load tests, and phones that ring and ring: half an hour. SEEDS=20000 for more
#                cities; of them a day of 87,000 calls; the floor against the theory of queues; the daemon killed a hundred times under load
#   make fuzz    模糊测试 · every door from outside for FUZZ_SECONDS (60): libFuzzer where cargo-fuzz and nightly are there
#   make bench   性能 · figures beside the budgets
#   make bench-routing  号码查表 · the look-up table and the loader beside their budgets and their rivals
#   make bench-mixer  混音性能 · those of conferences only
#   make compare 与同行比较 · the same load against this daemon, Kamailio, and Kamailio with rtpengine; our flood beside SIPp
#   make pages-load  网页负载 · 300 agents' pages beside 50 calls a second: web threads' share, set-up with and without pages
#   make scale   规模曲线 · cost and set-up time of a call, memory and look-ups as they grow: what is flat, what is linear
#   make deny    依赖检查 · licences, advisories, duplicates of the dependencies; installs cargo-deny, needs the network
#   make sbom    物料清单 · sbom.json, CycloneDX, of what is built in
#   make fmt     格式化 · formats the source
#   make install PREFIX=/usr/local    安装 · binary, manual pages, completions, dialplans, example configurations,
#                                    systemd unit and its user

#   make deb     软件包 · a package for Debian: the same, with the unit, its user and folders; `doctor` runs when it is installed

CARGO ?= cargo
# Programs that the tests of real peers run, and the Debian packages they come in.
PEERS := sipp:sip-tester baresip:baresip-core chromium:chromium
# SQLite is compiled from source.
BUILD := cc:gcc

# Tests in virtual time that take every core they get: apart from those that play sound in real time.
VIRTUAL := matrix:: schedules:: city::

# Robot callers at a time in `make demo`.
CALLERS ?= 12

# Cities that `make soak` draws and plays.
SEEDS ?= 2000

PREFIX ?= /usr/local
SHARE := $(DESTDIR)$(PREFIX)/share
SYSTEMD := $(DESTDIR)$(PREFIX)/lib
# Where `make sbom` writes.
SBOM ?= sbom.json

.PHONY: demo test pages pages-load soak fuzz bench compare scale bench-routing bench-mixer deny sbom fmt install deb tools tools-build tools-peers

demo: tools-build
	@exec $(CARGO) run --locked -- demo --callers $(CALLERS)

# Quiet unless something fails: cargo's own summary lines, and one of the browser's tests, are the report.
test: tools pages
	@$(CARGO) fmt --check
	@$(CARGO) clippy --quiet --locked --all-targets -- -D warnings
	@CARGO='$(CARGO)' sh .ci/deny --if-there
	@$(CARGO) test --quiet --locked --lib --bins
	@$(CARGO) test --quiet --locked --test it -- $(addprefix --skip ,$(VIRTUAL))
	@$(CARGO) test --quiet --locked --test it -- $(VIRTUAL)
	@$(CARGO) test --quiet --locked --test peers -- --test-threads=4
	@CARGO='$(CARGO)' sh .ci/browsers

# What stands in web/dist is what web/ builds: types are checked, everything is built anew and compared. `cargo build` needs none of it.
pages:
	@sh .ci/need node:nodejs npm:npm
	@sh .ci/pages

tour: tools-build pages
	@sh .ci/need chromium:chromium
	@built=$$(CARGO='$(CARGO)' sh .ci/built); cd web && node tour.mjs "$$built"

soak: tools
	@CITY_SEEDS=$(SEEDS) $(CARGO) test --quiet --locked --test it city::weekdays -- --nocapture
	@CITY_DAY=87000 $(CARGO) test --quiet --locked --test it city::a_day -- --nocapture
	@SCHEDULE_SEEDS=100000 $(CARGO) test --quiet --locked --test it schedules -- --nocapture
	@HOUR_SEEDS=5000 THEORY=long $(CARGO) test --quiet --locked --lib acd:: -- --nocapture
	@TARGETS=all $(CARGO) test --quiet --locked --test peers targets::nobody -- --nocapture
	@KILLS=100 CPS=60 $(CARGO) test --quiet --locked --test peers crashes::kills -- --nocapture
	@FLOOR_SECONDS=60 $(CARGO) test --quiet --locked --test peers floor -- --test-threads=1 --nocapture
	@RELOADS=1000 CPS=200 $(CARGO) test --quiet --locked --test peers reloads -- --test-threads=1 --nocapture

fuzz: tools-build
	@CARGO='$(CARGO)' sh .ci/fuzz

bench: tools-build
	@$(CARGO) bench --quiet --locked --bench budgets

# Instructions are counted by valgrind; without it everything else is measured all the same.
bench-routing: tools-build
	@sh .ci/need valgrind:valgrind || true
	@$(CARGO) bench --quiet --locked --bench lookup

# Two peers and one load tester of Debian; what is missing is said, and nothing is compared without it.
compare: tools-build
	@sh .ci/need kamailio:kamailio rtpengine:rtpengine-daemon sipp:sip-tester
	@$(CARGO) bench --quiet --locked --bench compare
	@$(CARGO) bench --quiet --locked --bench compare -- sipp

# 300 agents' pages beside 50 calls a second: what the web threads take, and what a call's set-up takes then.
pages-load: tools-build
	@$(CARGO) bench --quiet --locked --bench compare -- pages

# This daemon alone: nothing of others is needed.
scale: tools-build
	@$(CARGO) bench --quiet --locked --bench compare -- scale

bench-mixer: tools-build
	@$(CARGO) bench --quiet --locked --bench budgets -- mixer

deny: tools-build
	@CARGO='$(CARGO)' sh .ci/deny

sbom: tools-build
	@SBOM='$(abspath $(SBOM))' $(CARGO) test --quiet --locked --test it hygiene::sbom -- --nocapture

fmt:
	@$(CARGO) fmt

# Where the program lies is Cargo's to say: its target folder may be set anywhere.
install: tools-build
	@set -eu; built=$$(CARGO='$(CARGO)' sh .ci/built --release); \
	install -D -m 755 "$$built" "$(DESTDIR)$(PREFIX)/bin/switchboard"; \
	"$$built" man --out "$(SHARE)/man/man1"; \
	mkdir -p "$(SHARE)/bash-completion/completions" "$(SHARE)/zsh/site-functions" "$(SHARE)/fish/vendor_completions.d"; \
	"$$built" completions bash >"$(SHARE)/bash-completion/completions/switchboard"; \
	"$$built" completions zsh >"$(SHARE)/zsh/site-functions/_switchboard"; \
	"$$built" completions fish >"$(SHARE)/fish/vendor_completions.d/switchboard.fish"
	@mkdir -p "$(SHARE)/switchboard/config"
	@cp -R dialplans "$(SHARE)/switchboard/"
	@cp config/*.toml "$(SHARE)/switchboard/config/"
	@mkdir -p "$(SYSTEMD)/systemd/system" "$(SYSTEMD)/sysusers.d"
	@sed 's|/usr/local/bin/|$(PREFIX)/bin/|' contrib/switchboard.service >"$(SYSTEMD)/systemd/system/switchboard.service"
	@install -m 644 contrib/switchboard.sysusers "$(SYSTEMD)/sysusers.d/switchboard.conf"

# target/debian/switchboard_VERSION_ARCH.deb; installs cargo-deb, which needs the network the first time.
deb: tools-build
	@$(CARGO) deb --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deb
	@set -eu; built=$$(CARGO='$(CARGO)' sh .ci/built --release); \
	rm -rf target/package; mkdir -p target/package/man; \
	"$$built" man --out target/package/man; \
	for shell in bash zsh fish; do "$$built" completions $$shell >target/package/switchboard.$$shell; done; \
	sed 's|/usr/local/bin/|/usr/bin/|' contrib/switchboard.service >target/package/switchboard.service
	@$(CARGO) deb --no-build --quiet

tools: tools-build tools-peers

tools-build:
	@command -v $(CARGO) >/dev/null || { \
	  echo "缺少 cargo：请安装 Rust 1.93 以上（https://rustup.rs） · cargo is missing: install Rust 1.93 or later" >&2; exit 1; }
	@sh .ci/need $(BUILD)

tools-peers:
	@sh .ci/need $(PEERS)
