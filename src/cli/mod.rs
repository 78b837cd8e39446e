//! The command line: one binary, noun then verb. What a person types becomes a call of the modules below.
//!
//! It refuses to know anything itself: it asks the daemon by its admin socket, reads records and dialplans, and prints. Errors are
//! one clear sentence; exit codes are truthful (product §4); `--json` is one document, also on failure.

mod args;
mod ask;
mod call;
mod callbacks;
mod calls;
mod change;
mod check;
mod demo;
mod doctor;
mod duties;
mod examples;
mod exit;
mod figures;
mod files;
mod flood;
mod floor;
mod floor_args;
mod fold;
mod hearing;
mod history;
mod ladder;
mod line;
mod manual;
mod mistakes;
mod orders;
mod place;
mod plan;
mod recording;
mod records;
mod report;
mod run;
mod screen;
mod table;
mod timeline;
mod trace;
mod users;
mod voice;
mod watch;

use crate::calendar::moment;
use args::{Cli, Command};
use clap::error::ErrorKind;
use exit::{Done, Exit, Failure};
use screen::{Screen, print};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// The whole of the program: arguments in, exit code out.
#[must_use]
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match examples::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return misused(&error, &arguments),
    };
    let lang = place::lang(cli.global.lang, &|name| std::env::var(name).ok());
    let color = screen::color_wanted() && std::io::stdout().is_terminal();
    let screen = Screen { lang, json: cli.wants_json(), color };
    let outcome = dispatch(&cli, &screen);
    finish(&outcome, &screen)
}

fn dispatch(cli: &Cli, screen: &Screen) -> Result<Done, Failure> {
    use args::{Dialplan, Groups, Numbers, Reports, Seats};
    let global = &cli.global;
    match &cli.command {
        Command::Run { as_of, last_good } => run::run(global, *as_of, *last_good, screen),
        Command::Demo(asked) => demo::demo(global, asked, screen),
        Command::Status { watch } => ask::status(global, *watch, screen),
        Command::Reload { by } => change::reload(global, by, screen),
        Command::Dialplan(Dialplan::Plan { folder, out, exit_code, base }) => {
            let asked = change::Asked { folder: folder.as_deref(), out: out.as_deref(), base: base.as_deref() };
            change::plan(global, &asked, *exit_code, screen)
        }
        Command::Dialplan(Dialplan::Apply { plan, by }) => change::apply(global, plan, by, screen),
        Command::Dialplan(Dialplan::History { which, out }) => {
            history::history(global, which.as_deref(), out.as_deref(), screen)
        }
        Command::Dialplan(Dialplan::Rollback { which, by }) => change::roll_back(global, which.as_deref(), by, screen),
        Command::Doctor => doctor::doctor(global, screen),
        Command::Call(args) => call::call(global, args, screen),
        Command::Flood(args) => flood::flood(global, args, screen),
        Command::Trace(args) => trace::trace(global, args, screen),
        Command::Calls(command) => calls::calls(global, command, screen),
        Command::Seats(Seats::Ls { group, work, show }) => {
            floor::seats(global, (group.as_deref(), work.as_deref()), *show, screen)
        }
        Command::Seats(Seats::Set(set)) => orders::set_seat(global, set, screen),
        Command::Callbacks(words) => callbacks::callbacks(global, words, screen),
        Command::Users(words) => users::users(global, words, screen),
        Command::Audit(words) => users::audit(global, words, screen),
        Command::Trunks(_) => ask::trunks(global, screen),
        Command::Groups(Groups::Ls { live, show }) if *live || show.watch => floor::groups(global, *show, screen),
        Command::Groups(Groups::Ls { show, .. }) => plan::groups(global, *show, screen),
        Command::Groups(Groups::Disaster { group, mode, reason, by }) => {
            floor::disaster(global, group, *mode, (reason.as_deref(), by), screen)
        }
        Command::Numbers(Numbers::Ls { at }) => plan::numbers(global, *at, screen),
        Command::Dialplan(Dialplan::Why(asked)) => plan::why(global, asked, screen),
        Command::Dialplan(Dialplan::Timeline { number, at }) => timeline::timeline(global, number, *at, screen),
        Command::Dialplan(Dialplan::Duties { at, annex, long }) => {
            duties::duties(global, *at, annex.as_deref(), *long, screen)
        }
        Command::Report(Reports::Figures(asked)) => figures::figures(global, asked, screen),
        Command::Report(Reports::Survey(asked)) => figures::survey(global, asked, screen),
        Command::Report(Reports::Transfers { since, until }) => report::transfers(global, *since, *until, screen),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man { out } => manual::man(out.as_deref(), screen),
        Command::Dialplan(Dialplan::Check { folder, format }) => {
            check::check(global, folder.as_deref(), *format, screen)
        }
        Command::Dialplan(Dialplan::Fmt { paths, check }) => check::format(global, paths, *check, screen),
        Command::Dialplan(Dialplan::Schema) => Ok(check::json_schema()),
        Command::Explain { code } => check::explain(code.as_deref(), screen),
    }
}

fn finish(outcome: &Result<Done, Failure>, screen: &Screen) -> ExitCode {
    // A daemon has printed its document when it was ready; nothing follows its end in order.
    let silent = matches!(outcome, Ok(done) if done.result.is_null());
    match outcome {
        _ if screen.json && !silent => print(&format!("{}\n", exit::document(outcome))),
        Ok(done) => print(&done.text),
        Err(failure) => {
            // Nobody reads stderr: nothing is left to be told.
            let _ = writeln!(std::io::stderr(), "{}", exit::sentence(failure, screen.lang));
        }
    }
    match outcome {
        Ok(done) => ExitCode::from(done.exit as u8),
        Err(failure) => ExitCode::from(failure.exit),
    }
}

/// Help and version are no mistakes; everything else is exit 2, with `--json` as a document.
fn misused(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if asked || !arguments.iter().any(|a| a == "--json") {
        // Written where clap thinks right; a closed pipe is nobody's loss.
        let _ = error.print();
        return ExitCode::from(if asked { Exit::Ok } else { Exit::Usage } as u8);
    }
    let text = error.to_string();
    let sentence = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let failure = Failure::new(Exit::Usage, format!("用法不对：{sentence}"), sentence);
    print(&format!("{}\n", exit::document(&Err(failure))));
    ExitCode::from(Exit::Usage as u8)
}
