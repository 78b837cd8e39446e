//! The codes of diagnostics. A code keeps its meaning for ever; a new mistake gets a new one.

use serde::{Serialize, Serializer};
use std::fmt;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The plan is not loaded.
    Error,
    /// The plan is loaded; an operator should know.
    Warning,
}

macro_rules! codes {
    ($($name:ident $code:literal $severity:ident $zh:literal $en:literal;)*) => {
        /// A stable code; prints as `DP001`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $en] $name,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// As it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// Whether the plan is still loaded.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }

            /// What it means, Chinese and English.
            #[must_use]
            pub const fn meaning(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($zh, $en)),* }
            }
        }
    };
}

codes! {
    Syntax "DP001" Error "TOML 语法错误" "The file is not TOML.";
    ChineseQuote "DP002" Error "用了中文引号或全角字符" "Chinese quotes or full-width characters in place of ASCII.";
    UnknownKey "DP003" Error "不认识的键" "A key or table that does not exist.";
    WrongValue "DP004" Error "值的类型或写法不对" "A value of the wrong type or form.";
    MissingKey "DP005" Error "缺少必需的键" "A required key or table is missing.";
    DefinedTwice "DP006" Error "重复定义" "Something is defined twice.";
    NotANumber "DP007" Error "不是号码也不是号码模式" "Not a number or pattern of digits and x, in local form.";
    ImpossibleDate "DP008" Error "日期不存在" "A date or time that does not exist.";
    BadName "DP009" Error "这个名字无法引用" "A name that nothing can refer to.";
    UnknownGroup "DP010" Error "没有这个坐席组" "A group that does not exist.";
    UnknownTrunk "DP011" Error "没有这条中继" "A trunk that does not exist.";
    UnknownPrompt "DP012" Error "没有这个提示音文件" "A prompt without a file.";
    UnknownCalendar "DP013" Error "没有这个日历" "A calendar that does not exist.";
    OtherPrompt "DP014" Warning "用了别的号码或别的阶段的提示音" "The prompt of another number or of another stage.";
    DayTwice "DP015" Error "同一天既是假日又是工作日" "One day is a holiday and a workday.";
    IdleWorkday "DP016" Warning "调休工作日不是周末" "A made-up workday that is no weekend.";
    NeverOpen "DP017" Error "开始时刻不早于结束时刻" "Hours that end before they begin.";
    ClosedAway "DP018" Warning "下班以后来电没有去向" "Hours without an overflow: calls outside them are released.";
    Repeated "DP019" Warning "列表里有重复" "The same thing twice in one list.";
    LongWindow "DP020" Error "过渡期超过三个月" "A transition longer than three months.";
    CancelledRouted "DP021" Error "给已取消的号码设了去向" "A cancelled number is given a route.";
    NotAllDay "DP022" Error "保留座席的坐席组不是 7×24" "The group of a kept number is not 7x24.";
    NoDestination "DP023" Error "号码没有去向" "A number that leads nowhere.";
    PooledSeats "DP024" Error "座席已取消却另有去向" "Seats are pooled, yet the line names its own.";
    WrongClass "DP025" Error "此键不属于这一类号码" "A key that does not belong to this class of line.";
    NoHub "DP026" Error "总台号码不是恰好一个" "Not exactly one hub.";
    ShortWindow "DP027" Warning "过渡期不足三个月" "A transition shorter than three months.";
    LateCutover "DP028" Warning "归并晚于方案期限" "A cutover after the plan's deadline.";
    LateOverflow "DP029" Warning "振铃太久，赶不上 15 秒应答" "Seats ring so long that 15 s can no longer be met.";
    EmergencyShadowed "DP030" Error "遮挡紧急号码" "An entry stands over an emergency number.";
    EmergencyTrunk "DP031" Error "紧急中继被挪用或缺失" "Emergency trunks are missing, of another role, or used for something else.";
    BackToCarrier "DP032" Warning "热线打回了公网" "A hotline is dialled back to the public network.";
    OpenRelay "DP033" Warning "外线来电可以借道打出去" "Callers from outside can dial out through here.";
    SlowEmergency "DP034" Warning "紧急呼叫换中继太慢" "An emergency call waits too long for the next trunk.";
    Overlap "DP040" Error "号码模式重叠" "Two patterns match the same number and neither is more exact.";
    Revived "DP041" Error "恢复了已取消的号码" "A number that was cancelled in an earlier version is routed again.";
    SeatTaken "DP042" Error "占用了坐席号码" "An entry takes a seat's number.";
    AlreadyOver "DP043" Warning "过渡期在方案印发前就满了" "A transition that was over before the plan was issued.";
    ManyShapes "DP044" Warning "号码模式的形状太多" "Patterns of so many shapes that look-ups become slow.";
    Loop "DP050" Error "溢出成环" "Overflows lead in a circle.";
    DeadEnd "DP051" Error "去向之后还有步骤，或没有结尾" "Steps after an end, or an overflow without one.";
    Expectation "DP060" Error "预期不符" "An expectation of the plan does not hold.";
    NothingExpected "DP061" Warning "这条预期什么也不检查" "An expectation that checks nothing.";
    Unused "DP070" Warning "没有被用到" "A group or trunk that nothing uses.";
    NoTitle "DP071" Warning "名称是空的" "An empty title.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}
