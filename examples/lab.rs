use switchboard::*;
fn main() {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let a: Vec<String> = std::env::args().collect();
    let config = config::Config::load(std::path::Path::new(&a[1])).unwrap_or_else(|m| panic!("{m:?}"));
    let as_of = a.get(2).map(|t| { let d: jiff::civil::DateTime = t.parse().unwrap(); d.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()).unwrap().timestamp().as_microsecond() });
    let state = a.get(3).map(Into::into);
    if let Err(e) = daemon::run(daemon::Options { config, as_of, state }, |r| println!("{r:?}")) { eprintln!("{e}"); std::process::exit(e.exit_code().into()); }
}
