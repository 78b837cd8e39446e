//! Why an account cannot be made, changed or joined so.

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// 1 to 32 letters, digits, `.`, `-` or `_`.
    #[error("no account can be called so")]
    Name,
    /// There is one of that name.
    #[error("there is an account of that name")]
    Taken,
    /// There is none of that name.
    #[error("there is no such account")]
    Unknown,
    /// It stands in the configuration file and is changed there.
    #[error("the account stands in the configuration file")]
    File,
    /// A person has one role at the least.
    #[error("a person has one role at the least")]
    Roles,
    /// Too short, or it is in the name.
    #[error("the password is too short, or says the name")]
    Password,
    /// The link has been used, is too old or is none.
    #[error("the link has been used or is too old")]
    Link,
    /// Not what the second factor shows.
    #[error("the code is wrong")]
    Code,
    /// Its roles demand a second factor.
    #[error("the roles demand a second factor")]
    Demanded,
    /// The old password is not that.
    #[error("the old password is wrong")]
    Old,
    /// As many as there may be.
    #[error("there are as many accounts as may be")]
    Full,
    /// It cannot be written to the disk.
    #[error("it cannot be written to the disk")]
    Unkept,
}

impl Mistake {
    /// All.
    pub const ALL: [Self; 12] = [
        Self::Name,
        Self::Taken,
        Self::Unknown,
        Self::File,
        Self::Roles,
        Self::Password,
        Self::Link,
        Self::Code,
        Self::Demanded,
        Self::Old,
        Self::Full,
        Self::Unkept,
    ];

    /// In a word, for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Taken => "taken",
            Self::Unknown => "unknown_account",
            Self::File => "in_file",
            Self::Roles => "roles",
            Self::Password => "password",
            Self::Link => "link_gone",
            Self::Code => "code_wanted",
            Self::Demanded => "demanded",
            Self::Old => "old",
            Self::Full => "full",
            Self::Unkept => "unkept",
        }
    }

    /// In Chinese and English.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => {
                ("账号应为 1 到 32 个字母、数字、.、- 或 _", "an account is 1 to 32 letters, digits, ., - or _")
            }
            Self::Taken => ("已有这个账号", "there is an account of that name"),
            Self::Unknown => ("没有这个账号", "there is no such account"),
            Self::File => (
                "此账号写在配置文件的 [[accounts]] 中，请在那里修改",
                "this account stands in [[accounts]] of the configuration: change it there",
            ),
            Self::Roles => ("至少要有一个角色", "a person has one role at the least"),
            Self::Password => (
                "口令至少 10 个字符，且不得含账号",
                "a password has 10 characters at the least and does not say the account",
            ),
            Self::Link => ("链接已用过或已过期，请管理员重发", "the link has been used or is too old: ask for another"),
            Self::Code => ("动态码缺失或不对", "the code of the second factor is missing or wrong"),
            Self::Demanded => ("这个角色须有两步验证", "this role demands a second factor"),
            Self::Old => ("原口令不对", "the old password is wrong"),
            Self::Unkept => ("磁盘写不进去，没有生效", "the disk does not take it: nothing has changed"),
            Self::Full => ("账号已达上限", "there are as many accounts as may be"),
        }
    }
}
