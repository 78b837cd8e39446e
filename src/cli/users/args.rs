//! The words of `users` and `audit`.

use crate::access::Role;
use clap::{Args, Subcommand};

/// `users`.
#[derive(Debug, Subcommand)]
pub enum Users {
    /// 列出账号 · lists them.
    #[command(after_help = "例 example:\n  switchboard users ls")]
    Ls,
    /// 新建账号，印出一次性链接（三天内有效） · makes one and prints its link, which is used once and within three days.
    #[command(
        after_help = "例 examples:\n  switchboard users add wang --title 王五 --role supervisor --group main\n  \
        switchboard users add 8007 --title 李四 --role agent --agent 8007\n  switchboard users add ops1 --role operator"
    )]
    Add(Add),
    /// 停用；--undo 恢复 · nobody signs in by it any more; --undo: again.
    #[command(after_help = "例 examples:\n  switchboard users disable wang\n  switchboard users disable wang --undo")]
    Disable {
        /// 账号 · the account.
        name: String,
        /// 恢复 · ends it.
        #[arg(long)]
        undo: bool,
    },
    /// 收回口令与动态码，重发链接 · takes password and second factor away, prints a new link.
    #[command(after_help = "例 example:\n  switchboard users reset wang")]
    Reset {
        /// 账号 · the account.
        name: String,
    },
    /// 程序令牌，权限同账号，只显示一次；--revoke 收回 · a program's token with the rights of the account, shown once; --revoke takes it back.
    #[command(
        after_help = "例 examples:\n  switchboard users token wang --note 大屏\n  switchboard users token wang --revoke wang-1"
    )]
    Token {
        /// 账号 · the account.
        name: String,
        /// 用途 · what it is for.
        #[arg(long, value_name = "TEXT", required_unless_present = "revoke")]
        note: Option<String>,
        /// 程序名，见 users ls · the program, as `users ls` prints it.
        #[arg(long, value_name = "PROGRAM", conflicts_with = "note")]
        revoke: Option<String>,
    },
}

/// `users add`.
#[derive(Debug, Args)]
pub struct Add {
    /// 账号：1 到 32 个字母、数字、. - _ · the account: 1 to 32 letters, digits, ., - or _.
    pub name: String,
    /// 角色，可写多个：agent supervisor department operator manager auditor admin · his roles.
    #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
    pub roles: Vec<Role>,
    /// 姓名 · the person's name.
    #[arg(long, default_value = "")]
    pub title: String,
    /// 承办单位，上下级以 / 分隔 · his department, below others by slashes.
    #[arg(long, default_value = "")]
    pub unit: String,
    /// 班长所管的坐席组，可写多个；默认全部 · groups that he supervises; all by default.
    #[arg(long = "group", value_name = "GROUP")]
    pub groups: Vec<String>,
    /// 工号 · his work number.
    #[arg(long)]
    pub agent: Option<String>,
    /// 常用坐席（班长的话机） · his seat; a supervisor's phone.
    #[arg(long)]
    pub seat: Option<String>,
}

/// `audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// 最近的记录，新的在前 · the last entries, the latest first.
    #[command(
        after_help = "例 examples:\n  switchboard audit ls --who wang\n  switchboard audit ls --what unmask --limit 200 --json"
    )]
    Ls {
        /// 只看此账号 · of this account only.
        #[arg(long)]
        who: Option<String>,
        /// 只看此类：sign_in unmask recording account_add … · of this kind only.
        #[arg(long)]
        what: Option<String>,
        /// 条数 · how many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// 只看此编号之前的 · those before this number only.
        #[arg(long, value_name = "SEQ")]
        before: Option<u64>,
    },
    /// 逐条核对散列链；有改动则退出码 1 · goes through the whole chain; exit 1 where it is broken.
    #[command(after_help = "例 example:\n  switchboard audit prove")]
    Prove,
}

fn role(word: &str) -> Result<Role, String> {
    word.parse().map_err(|()| format!("one of {}", Role::ALL.map(Role::word).join(", ")))
}
