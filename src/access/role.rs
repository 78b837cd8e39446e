//! What a person is for: the seven roles.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// One role. A person may have several: what one of them may, he may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 坐席: his own seat and its calls.
    Agent,
    /// 班长: the floor of his groups.
    Supervisor,
    /// 承办单位: what concerns his unit and those below it.
    Department,
    /// 运维: dialplan, trunks, seats, health.
    Operator,
    /// 主管: figures and accountability.
    Manager,
    /// 审计: reads every trail, changes nothing.
    Auditor,
    /// 管理员: accounts, and nothing of callers.
    Admin,
}

impl Role {
    /// All.
    pub const ALL: [Self; 7] =
        [Self::Agent, Self::Supervisor, Self::Department, Self::Operator, Self::Manager, Self::Auditor, Self::Admin];

    /// The word for it at every door.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Department => "department",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// On a Chinese screen.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Agent => "坐席",
            Self::Supervisor => "班长",
            Self::Department => "承办单位",
            Self::Operator => "运维",
            Self::Manager => "主管",
            Self::Auditor => "审计",
            Self::Admin => "管理员",
        }
    }

    /// The page that he works in.
    #[must_use]
    pub const fn home(self) -> &'static str {
        match self {
            Self::Agent => "/desk",
            Self::Supervisor => "/hall",
            Self::Department | Self::Manager => "/figures",
            Self::Operator => "/ops",
            Self::Auditor => "/audit",
            Self::Admin => "/people",
        }
    }

    /// Whoever has it needs a second factor: what he may reach is not his own.
    #[must_use]
    pub const fn wants_second(self) -> bool {
        matches!(self, Self::Operator | Self::Auditor | Self::Admin)
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.word() == word).ok_or(())
    }
}
