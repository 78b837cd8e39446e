//! What each diagnostic means for the city's callers, with the wrong lines and the right ones: the words of `explain`.
//!
//! Every example is a test: beside the smallest plan the wrong one gives its own code and no other, the right one gives nothing.

use super::Code;

/// The words of one code.
#[derive(Debug, Clone, Copy)]
pub struct Guide {
    /// Why it matters, Chinese; with the clause of the city's plan where there is one.
    pub zh: &'static str,
    /// The same in English.
    pub en: &'static str,
    /// Lines of TOML that make this mistake.
    pub wrong: &'static str,
    /// The same lines without it.
    pub right: &'static str,
}

macro_rules! guides {
    ($($code:ident { $zh:literal $en:literal $wrong:literal $right:literal })*) => {
        impl Guide {
            /// The words of a code.
            #[must_use]
            pub const fn of(code: Code) -> Self {
                match code {
                    $(Code::$code => Self { zh: $zh, en: $en, wrong: $wrong, right: $right },)*
                }
            }
        }
    };
}

guides! {
    Syntax {
        "文件不是 TOML：引号或方括号不成对，或一行里写了两件事。这个文件里后面的内容可能都读不出来，所以先改它。"
        "The file is not TOML: a quote or bracket has no partner, or one line says two things. What follows may be unreadable, so mend this first."
        r#"
[utility.95598]
title = "供电服务
trunk = "power"

[trunk.power]
title = "供电"
role = "utility"
"#
        r#"
[utility.95598]
title = "供电服务"
trunk = "power"

[trunk.power]
title = "供电"
role = "utility"
"#
    }
    ChineseQuote {
        "中文输入法打出的引号、逗号、等号、方括号、空格，TOML 一概不认。名称里面用“”没有关系，外面的引号要是半角的。"
        "Quotes, commas, equals signs, brackets and blanks of a Chinese input method mean nothing to TOML. Inside a title they are fine; the quotes around it are ASCII."
        r#"
[route]
8001 = “group:main”
"#
        r#"
[route]
8001 = "group:main"
"#
    }
    UnknownKey {
        "没有这个键，多半是拼错了。程序不会猜：一个没有生效的键，比一条错误更危险。"
        "There is no such key; most likely it is misspelt. Nothing is guessed: a key that silently does nothing is worse than an error."
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
time_out = "30s"
"#
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
timeout = "30s"
"#
    }
    WrongValue {
        "键是对的，值的类型或写法不对：时长写 \"8s\"，日期不加引号，去向写 \"group:组\"。"
        "The key is right, its value is of another type or form: durations are \"8s\", dates have no quotes, targets are \"group:NAME\"."
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
timeout = 30
"#
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
timeout = "30s"
"#
    }
    MissingKey {
        "少了必需的键，程序不替人决定：整体并入的号码要有归并日期，双号并行的要写明座席去留。方案三（七）：过渡期从归并日起算。"
        "A required key is missing and nothing decides for you: a merged line needs its cutover, a parallel one says what becomes of its seats. Plan, part 3 (7): the transition counts from the cutover."
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
"#
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
"#
    }
    DefinedTwice {
        "同一个号码、组、中继或键写了两次，两处不知听谁的。可能在两个文件里，两处都会指出来。"
        "One number, group, trunk or key stands twice, and which of them counts cannot be known. They may stand in two files; both places are shown."
        r#"
[route]
8001 = "group:main"

[route.8001]
to = "release:486"
"#
        r#"
[route]
8001 = "group:main"

[route.8002]
to = "release:486"
"#
    }
    NotANumber {
        "号码只能是数字，模式可以有小写 x。写本地号码，不带区号：呼入的各种写法先统一成本地号码再匹配，带区号的永远匹配不到。"
        "A number is digits, a pattern may have small x in it. It is the local form without an area code: every spelling of a dialled number becomes that first, so one with an area code is never met."
        r#"
[route]
"059187654xxx" = "group:main"
"#
        r#"
[route]
"87654xxx" = "group:main"
"#
    }
    ImpossibleDate {
        "历法里没有这一天或这一时刻，例如 11 月 31 日、24 时。"
        "The calendar has no such day or time: 31 November, 24 o'clock."
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-31
"#
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
"#
    }
    BadName {
        "组、中继、日历是靠名字引用的：\"group:名字\"。空名、首尾有空格、带 > 或控制字符的名字，引用时写不出来。"
        "Groups, trunks and calendars are referred to by name, \"group:NAME\". A name that is empty, has blanks at an end, a > or a control character cannot be written there."
        r#"
[trunk."carrier "]
title = "运营商"
role = "carrier"
"#
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
"#
    }
    UnknownGroup {
        "去向里的坐席组没有定义，来电会无处可去。"
        "A route names a group that is not defined; its calls would have nowhere to go."
        r#"
[route]
8001 = "group:mian"
"#
        r#"
[route]
8001 = "group:main"
"#
    }
    UnknownTrunk {
        "去向里的中继没有定义。中继在这里写用途，地址写在系统配置里。"
        "A route names a trunk that is not defined. The dialplan says what a trunk is for; its address stands in the configuration."
        r#"
[utility.95598]
title = "供电服务"
trunk = "power"
"#
        r#"
[utility.95598]
title = "供电服务"
trunk = "power"

[trunk.power]
title = "供电"
role = "utility"
"#
    }
    UnknownPrompt {
        "提示音目录里没有这个 WAV 文件，来电会听到一片寂静。方案三（七）：整体并入的号码要有过渡期语音提示。"
        "There is no such WAV in the prompts folder; callers would hear silence. Plan, part 3 (7): merged lines have a voice prompt for their transition."
        r#"
[route]
8001 = { to = ["prompt:waitng", "group:main"] }
"#
        r#"
[route]
8001 = { to = ["prompt:waiting", "group:main"] }
"#
    }
    UnknownCalendar {
        "服务时间用到的日历没有定义，不知道哪天放假。"
        "The hours name a calendar that is not defined, so which days are holidays is unknown."
        r#"
[route]
8001 = "group:office"

[group.office]
title = "办公室"
hours = { calendar = "china", from = 08:30, to = 17:30 }
overflow = "group:main"
"#
        r#"
[route]
8001 = "group:office"

[group.office]
title = "办公室"
hours = { calendar = "cn", from = 08:30, to = 17:30 }
overflow = "group:main"

[calendar.cn]
holidays = [2022-01-01]
"#
    }
    OtherPrompt {
        "提示音里说出的是别的号码，或把“已并入”说成“已取消”，来电人会记错号码。文件按号码命名时，这里不写就是对的那个。"
        "The recording names another number, or says cancelled where it should say moved; callers would remember the wrong thing. Where files are named by number, leaving the key out is right."
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
transition = "transition/12345"
"#
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
transition = "transition/12333"
"#
    }
    DayTwice {
        "同一天既列为假日又列为工作日，座席到底上不上班说不清。"
        "One day stands among the holidays and among the workdays; whether people work on it cannot be told."
        r#"
[calendar.cn]
holidays = [2021-10-08, 2021-10-09]
workdays = [2021-10-09]
"#
        r#"
[calendar.cn]
holidays = [2021-10-07]
workdays = [2021-10-09]
"#
    }
    IdleWorkday {
        "调休工作日总是周六或周日。写了一个平日，不起作用，多半是日期抄错了。"
        "A made-up workday is always a Saturday or Sunday. A day of the week has no effect; most likely the date was copied wrongly."
        r#"
[calendar.cn]
holidays = [2021-10-01]
workdays = [2021-10-11]
"#
        r#"
[calendar.cn]
holidays = [2021-10-01]
workdays = [2021-10-09]
"#
    }
    NeverOpen {
        "结束时刻不晚于开始时刻，这个组永远不在服务时间，每个来电都会直接溢出。跨零点的班次要分成两个组。"
        "The hours end no later than they begin: the group is never staffed and every call overflows at once. Hours past midnight take two groups."
        r#"
[route]
8001 = "group:night"

[group.night]
title = "夜班"
hours = { calendar = "cn", from = 20:00, to = 08:00 }
overflow = "group:main"

[calendar.cn]
holidays = []
"#
        r#"
[route]
8001 = "group:night"

[group.night]
title = "夜班"
hours = { calendar = "cn", from = 20:00, to = 23:59 }
overflow = "group:main"

[calendar.cn]
holidays = []
"#
    }
    ClosedAway {
        "这个组不是 7×24，又没有写下班以后转到哪里，来电会被释放（480）。"
        "The group is not staffed around the clock and does not say where calls go when it is closed: they are released with 480."
        r#"
[route]
8001 = "group:office"

[group.office]
title = "办公室"
hours = { calendar = "cn", from = 08:30, to = 17:30 }

[calendar.cn]
holidays = []
"#
        r#"
[route]
8001 = "group:office"

[group.office]
title = "办公室"
hours = { calendar = "cn", from = 08:30, to = 17:30 }
overflow = "group:main"

[calendar.cn]
holidays = []
"#
    }
    Repeated {
        "列表里同一项写了两次。第二次试同一条坏了的中继不会更好，多半是想写另一个。"
        "One thing stands twice in a list. Trying the same broken trunk again does not help; most likely another one was meant."
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
number_in = ["area", "area"]
"#
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
number_in = ["area", "local"]
"#
    }
    LongWindow {
        "方案三（七）：整体并入的号码设置 3 个月过渡期语音提示，不能更长。首日 2021-11-30，末日是 2022-02-28。"
        "Plan, part 3 (7): a merged line has a transition of 3 months, no longer. From 2021-11-30 the last day is 2022-02-28."
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
until = 2022-05-31
"#
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
"#
    }
    CancelledRouted {
        "方案二（一）：已经取消的热线号码不再恢复。整体并入的号码过渡期满即取消，不能在别处再给它去向。"
        "Plan, part 2 (1): a cancelled hotline number is never restored. A merged number is cancelled after its transition and cannot be routed anywhere else."
        r#"
[hotline.12358]
title = "价格举报"
class = "merged"
stopped = true

[route]
12358 = "group:main"
"#
        r#"
[hotline.12358]
title = "价格举报"
class = "merged"
stopped = true
"#
    }
    NotAllDay {
        "方案二（二）（三）：保留座席和设分中心的号码，提供“7×24 小时”全天候人工服务。"
        "Plan, part 2 (2) and (3): lines with kept seats and sub-centres are staffed 7x24."
        r#"
[hotline.12348]
title = "公共法律服务"
class = "parallel"
seats = "kept"
group = "law"

[group.law]
title = "12348 座席"
hours = { calendar = "cn", from = 08:30, to = 17:30 }
overflow = "group:main"

[calendar.cn]
holidays = []
"#
        r#"
[hotline.12348]
title = "公共法律服务"
class = "parallel"
seats = "kept"
group = "law"

[group.law]
title = "12348 座席"
hours = "7x24"
overflow = "group:main"
"#
    }
    NoDestination {
        "号码写了，却没有写打到哪里：保留座席的要有 group 或 trunk，公用事业号码要有 trunk。"
        "The number is there, where it leads is not: kept seats need a group or a trunk, a utility needs its trunk."
        r#"
[hotline.12348]
title = "公共法律服务"
class = "parallel"
seats = "kept"
"#
        r#"
[hotline.12348]
title = "公共法律服务"
class = "parallel"
seats = "kept"
trunk = "law"

[trunk.law]
title = "12348 交换机"
role = "department"
"#
    }
    PooledSeats {
        "方案二（二）：取消座席的，由 12345 热线座席统一接听、按责转办，不能再有自己的组或中继。"
        "Plan, part 2 (2): where seats are cancelled, 12345's seats answer; the line has no group or trunk of its own."
        r#"
[hotline.12329]
title = "住房公积金"
class = "parallel"
seats = "pooled"
group = "main"
"#
        r#"
[hotline.12329]
title = "住房公积金"
class = "parallel"
seats = "pooled"
skill = "公积金"
"#
    }
    WrongClass {
        "这个键属于别的归并方式，写在这里不起作用：归并日期只属于整体并入的号码，seats 只属于保留号码的。"
        "The key belongs to another class and would do nothing here: a cutover belongs to merged lines, seats to lines that are kept."
        r#"
[hotline.12329]
title = "住房公积金"
class = "parallel"
seats = "pooled"
cutover = 2021-11-30
"#
        r#"
[hotline.12329]
title = "住房公积金"
class = "parallel"
seats = "pooled"
"#
    }
    NoHub {
        "全市只有一个总台号码 12345。没有它，并入的号码无处可去；有两个，不知并到哪一个。"
        "A city has one hub, 12345. Without it the merged numbers lead nowhere; with two, nobody knows to which."
        r#"
[hotline.12346]
title = "又一个总台"
class = "hub"
group = "main"
"#
        r#"
[hotline.12348]
title = "公共法律服务"
class = "parallel"
seats = "pooled"
"#
    }
    ShortWindow {
        "方案三（七）：过渡期语音提示要满 3 个月。提早结束，市民还不知道号码已经取消。"
        "Plan, part 3 (7): the transition has 3 months. Ended early, citizens have not yet learnt that the number is gone."
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
until = 2021-12-31
"#
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
until = 2022-02-28
"#
    }
    LateCutover {
        "方案三（三）：11 月底前完成热线归并工作。归并日期晚于 [city] 里写的期限。"
        "Plan, part 3 (3): the merging is finished by the end of November. The cutover is later than the deadline in [city]."
        r#"
[city]
area = "0591"
issued = 2021-11-08
deadline = 2021-11-30

[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-12-15
"#
        r#"
[city]
area = "0591"
issued = 2021-11-08
deadline = 2021-11-30

[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
"#
    }
    LateOverflow {
        "GB/T 33358 要求 15 秒内应答。本单位座席振铃 10 秒无人接转 12345，还来得及；振铃 15 秒以上，就一定超时。"
        "GB/T 33358 asks for an answer within 15 s. Kept seats that ring for 10 s leave 12345 time to answer; from 15 s on it is always late."
        r#"
[hotline.12348]
title = "公共法律服务"
class = "parallel"
seats = "kept"
trunk = "law"
ring = "30s"

[trunk.law]
title = "12348 交换机"
role = "department"
"#
        r#"
[hotline.12348]
title = "公共法律服务"
class = "parallel"
seats = "kept"
trunk = "law"
ring = "10s"

[trunk.law]
title = "12348 交换机"
role = "department"
"#
    }
    EmergencyShadowed {
        "方案一（一）：110、119、120、122 等紧急热线不归并。它们由程序精确匹配，先于一切号码；计划里不许有能匹配到它们的条目。"
        "Plan, part 1 (1): 110, 119, 120 and 122 are never merged. They are matched exactly in code, before any entry; no entry may cover one of them."
        r#"
[route]
"12x" = "group:main"
"#
        r#"
[route]
"12xx" = "group:main"
"#
    }
    EmergencyTrunk {
        "紧急中继只给 110、119、120、122 用，别的来电占满了它，报警就打不出去。紧急号码也只走用途为 emergency 的中继。"
        "Emergency trunks are for 110, 119, 120 and 122 alone: filled with other calls, nobody could call for help. Emergency numbers go by trunks of that role only."
        r#"
[hotline.12366]
title = "纳税服务"
class = "branch"
trunk = "emergency-1"
"#
        r#"
[hotline.12366]
title = "纳税服务"
class = "branch"
trunk = "branch"

[trunk.branch]
title = "12366 分中心"
role = "branch"
"#
    }
    BackToCarrier {
        "热线号码是公网送来的，再从公网中继打出去，公网又会送回来，来电在两边之间打转，占满线路。"
        "The public network sends the hotline's calls here; dialled out over the carrier's trunk they come back, go round and fill the lines."
        r#"
[hotline.12366]
title = "纳税服务"
class = "branch"
trunk = "carrier"

[trunk.carrier]
title = "运营商"
role = "carrier"
"#
        r#"
[hotline.12366]
title = "纳税服务"
class = "branch"
trunk = "branch"

[trunk.branch]
title = "12366 分中心"
role = "branch"

[trunk.carrier]
title = "运营商"
role = "carrier"
"#
    }
    OpenRelay {
        "外线来电拨这个号码就能经过交换机打到公网，话费由本单位承担：这是盗打的入口。只给坐席用的，写 access = \"seats\"。"
        "A caller from outside who dials this is connected to the public network at the city's cost: the way of toll fraud. Where it is meant for seats, write access = \"seats\"."
        r#"
[route]
"1xxxxxxxxxx" = "trunk:carrier"

[trunk.carrier]
title = "运营商"
role = "carrier"
"#
        r#"
[route]
"1xxxxxxxxxx" = { to = "trunk:carrier", access = "seats" }

[trunk.carrier]
title = "运营商"
role = "carrier"
"#
    }
    SlowEmergency {
        "紧急中继多久没有应答信号就换下一条，默认 2 秒。写得太长，第一条坏了，报警的人只能干等。"
        "An emergency trunk that says nothing is left for the next, after 2 s by default. Longer, and with the first trunk broken a caller in need waits in silence."
        r#"
[city]
area = "0591"
issued = 2021-11-08

[hotline.12345]
title = "12345"
class = "hub"
group = "main"

[group.main]
title = "12345 坐席"
hours = "7x24"

[emergency]
trunks = ["emergency-1", "emergency-2"]
progress = "30s"

[trunk.emergency-1]
title = "紧急中继一"
role = "emergency"

[trunk.emergency-2]
title = "紧急中继二"
role = "emergency"
"#
        r#"
[city]
area = "0591"
issued = 2021-11-08

[hotline.12345]
title = "12345"
class = "hub"
group = "main"

[group.main]
title = "12345 坐席"
hours = "7x24"

[emergency]
trunks = ["emergency-1", "emergency-2"]
progress = "2s"

[trunk.emergency-1]
title = "紧急中继一"
role = "emergency"

[trunk.emergency-2]
title = "紧急中继二"
role = "emergency"
"#
    }
    Overlap {
        "同一个号码两个模式都匹配，固定位数又一样多，分不出先后。精确号码先于模式，固定位数多的先于少的。"
        "One number matches both patterns, and neither has more fixed digits. Exact numbers come before patterns, more fixed digits before fewer."
        r#"
[route]
"8x1x" = "group:main"
"80xx" = "release:486"
"#
        r#"
[route]
"8x1x" = "group:main"
"801x" = "release:486"
"#
    }
    Revived {
        "方案二（一）：已经取消的热线号码不再恢复。以前的版本里它已经取消，删掉再加、改日期、改类别都不行。"
        "Plan, part 2 (1): a cancelled number is never restored. An earlier version had cancelled it; deleting and adding it, another date or another class do not bring it back."
        r#"
[hotline.12358]
title = "价格举报"
class = "merged"
cutover = 2022-06-01
"#
        r#"
[hotline.12358]
title = "价格举报"
class = "merged"
stopped = true
"#
    }
    SeatTaken {
        "这个号码或模式占用了系统配置里某个坐席的号码，打给坐席的电话会被截走。"
        "This number or pattern takes the number of a seat in the configuration; calls to that seat would be caught."
        r#"
[route]
"80xx" = "group:main"
"#
        r#"
[route]
"81xx" = "group:main"
"#
    }
    AlreadyOver {
        "归并日期的年份多半写错了：过渡期在方案印发以前就满了，计划一生效这个号码就是已取消，而已经取消的号码不再恢复（方案二（一））。确实早已停止的，写上 stopped = true。"
        "The year of the cutover is most likely wrong: the transition ended before the plan was issued, so the number is cancelled at once, and a cancelled number is never restored (plan, part 2 (1)). If it had indeed stopped, say stopped = true."
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2012-11-30
"#
        r#"
[hotline.12333]
title = "人力资源社会保障"
class = "merged"
cutover = 2021-11-30
"#
    }
    ManyShapes {
        "x 的位置相同的模式是一种形状。查号时，没有精确匹配的号码要同本长度的形状逐种比较：几种没有感觉；几千种时，查一次号同接一个来电一样费时。一般是导出时把通配位放错了：x 都写在末尾，只剩下一种形状。"
        "Patterns with x in the same places share one shape. A number without an exact match is held against every shape of its length: a few are not felt; with thousands one look-up costs as much as taking the call. Most often an export put x in the wrong places: with x at the end only, one shape is left."
        r#"
[route]
"20xx0000" = "group:main"
"21x0x000" = "group:main"
"22x00x00" = "group:main"
"23x000x0" = "group:main"
"24x0000x" = "group:main"
"250xx000" = "group:main"
"260x0x00" = "group:main"
"270x00x0" = "group:main"
"280x000x" = "group:main"
"2900xx00" = "group:main"
"3000x0x0" = "group:main"
"3100x00x" = "group:main"
"32000xx0" = "group:main"
"33000x0x" = "group:main"
"340000xx" = "group:main"
"35xxx000" = "group:main"
"36xx0x00" = "group:main"
"37xx00x0" = "group:main"
"38xx000x" = "group:main"
"39x0xx00" = "group:main"
"40x0x0x0" = "group:main"
"41x0x00x" = "group:main"
"42x00xx0" = "group:main"
"43x00x0x" = "group:main"
"44x000xx" = "group:main"
"450xxx00" = "group:main"
"460xx0x0" = "group:main"
"470xx00x" = "group:main"
"480x0xx0" = "group:main"
"490x0x0x" = "group:main"
"500x00xx" = "group:main"
"5100xxx0" = "group:main"
"5200xx0x" = "group:main"
"#
        r#"
[route]
"20xxxxxx" = "group:main"
"21xxxxxx" = "group:main"
"22xxxxxx" = "group:main"
"23xxxxxx" = "group:main"
"24xxxxxx" = "group:main"
"25xxxxxx" = "group:main"
"26xxxxxx" = "group:main"
"27xxxxxx" = "group:main"
"28xxxxxx" = "group:main"
"29xxxxxx" = "group:main"
"30xxxxxx" = "group:main"
"31xxxxxx" = "group:main"
"32xxxxxx" = "group:main"
"33xxxxxx" = "group:main"
"34xxxxxx" = "group:main"
"35xxxxxx" = "group:main"
"36xxxxxx" = "group:main"
"37xxxxxx" = "group:main"
"38xxxxxx" = "group:main"
"39xxxxxx" = "group:main"
"40xxxxxx" = "group:main"
"41xxxxxx" = "group:main"
"42xxxxxx" = "group:main"
"43xxxxxx" = "group:main"
"44xxxxxx" = "group:main"
"45xxxxxx" = "group:main"
"46xxxxxx" = "group:main"
"47xxxxxx" = "group:main"
"48xxxxxx" = "group:main"
"49xxxxxx" = "group:main"
"50xxxxxx" = "group:main"
"51xxxxxx" = "group:main"
"52xxxxxx" = "group:main"
"#
    }
    Loop {
        "一组溢出到另一组，转了一圈又回来，来电会一直转下去，没有人接。每一跳都会列出来。"
        "One group overflows to the next and round again; a call would go round for ever. Every hop is shown."
        r#"
[route]
8001 = "group:day"

[group.day]
title = "白班"
hours = "7x24"
overflow = "group:night"

[group.night]
title = "夜班"
hours = "7x24"
overflow = "group:day"
"#
        r#"
[route]
8001 = "group:day"

[group.day]
title = "白班"
hours = "7x24"
overflow = "group:night"

[group.night]
title = "夜班"
hours = "7x24"
overflow = ["prompt:busy", "release:486"]
"#
    }
    DeadEnd {
        "放完提示音要有下一步：排队、打出或释放。释放以后的步骤永远不会执行。"
        "After a prompt something follows: a queue, a trunk or a release. What stands after a release is never done."
        r#"
[route]
8001 = { to = "prompt:busy" }
"#
        r#"
[route]
8001 = { to = ["prompt:busy", "release:486"] }
"#
    }
    Expectation {
        "[[expect]] 是计划自带的测试：某时刻拨某号码应到哪里。实际不是这样，计划就不生效。改路由，或改预期。"
        "[[expect]] is the plan's own test: what is dialled when, and where that goes. It does not, so the plan is not loaded. Mend the route or the expectation."
        r#"
[[expect]]
dial = "059212345"
at = 2021-12-15T10:00
to = "group:main"
"#
        r#"
[[expect]]
dial = "059112345"
at = 2021-12-15T10:00
to = "group:main"
"#
    }
    NothingExpected {
        "时间列表是空的，这条预期什么也没有检查，看上去却像通过了。"
        "Its list of times is empty: the expectation checks nothing, yet looks as if it held."
        r#"
[[expect]]
dial = "12345"
at = []
to = "group:main"
"#
        r#"
[[expect]]
dial = "12345"
at = [2021-12-15T10:00]
to = "group:main"
"#
    }
    Unused {
        "定义了坐席组或中继，却没有号码用到它：也许忘了写去向，也许名字写错了。公网中继和日历可以备而不用。"
        "A group or trunk is defined and no number uses it: a route may be missing, or a name misspelt. Trunks of the carrier and calendars may stand ready unused."
        r#"
[group.law]
title = "12348 座席"
hours = "7x24"
"#
        r#"
[group.law]
title = "12348 座席"
hours = "7x24"

[route]
8001 = "group:law"
"#
    }
    NoTitle {
        "名称是空的，座席的屏幕和报表上这一行就是空白。"
        "The title is empty, so this line is blank on the seats' screens and in reports."
        r#"
[trunk.carrier]
title = ""
role = "carrier"
"#
        r#"
[trunk.carrier]
title = "运营商"
role = "carrier"
"#
    }
}
