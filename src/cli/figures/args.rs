//! What `report figures` is asked.

use crate::ledger::figures::{self as ledger, Hour};
use clap::{Args, ValueEnum};

/// What is asked for.
#[derive(Debug, Clone, Copy, Args)]
#[command(
    after_help = "整点起止，默认为最近一次来电为止的 24 小时；只统计已结束的通话 · whole hours, by default the 24 up to the latest call; only calls that have ended\n\
    例 examples:\n  switchboard report figures --by line\n  \
    switchboard report figures --by hour --from 2021-12-15T00 --to 2021-12-16T00\n  \
    switchboard report figures --by department --csv > departments.csv"
)]
pub struct Figures {
    /// 按首拨号码、坐席组、部门、人员、来源、小时 · by what.
    #[arg(long, value_enum, value_name = "line|group|department|person|traffic|hour", default_value = "line")]
    pub by: By,
    /// 从此整点起，如 2021-12-15T08 · from this local hour on.
    #[arg(long, value_name = "HOUR", value_parser = hour)]
    pub from: Option<Hour>,
    /// 到此整点前 · until before this local hour.
    #[arg(long, value_name = "HOUR", value_parser = hour)]
    pub to: Option<Hour>,
    /// 输出 CSV，全部指标 · CSV, with every figure.
    #[arg(long)]
    pub csv: bool,
}

/// By what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// 首拨号码.
    Line,
    /// 坐席组.
    Group,
    /// 部门.
    Department,
    /// 人员.
    Person,
    /// 本市、全省.
    Traffic,
    /// 小时.
    Hour,
}

impl From<By> for ledger::By {
    fn from(by: By) -> Self {
        match by {
            By::Line => Self::Line,
            By::Group => Self::Group,
            By::Department => Self::Department,
            By::Person => Self::Person,
            By::Traffic => Self::Traffic,
            By::Hour => Self::Hour,
        }
    }
}

fn hour(text: &str) -> Result<Hour, String> {
    Hour::parse(text).ok_or_else(|| "应为整点，如 2021-12-15T08 · a whole hour like 2021-12-15T08".into())
}
