//! Figures as text: a table for a person, and CSV for a spreadsheet.

use super::columns::{align, clean, seconds, shown};
use super::csv::record;
use crate::fact::Lang;
use crate::ledger::figures::{By, Figure, Report, Row};
use std::fmt::Write as _;

/// Columns of a table: the figure's name, and its heading.
type Column = (&'static str, &'static str, &'static str);

const OF_CALLS: [Column; 11] = [
    ("calls", "来电", "calls"),
    ("offered", "请求人工", "offered"),
    ("connected", "接通", "connected"),
    ("connect_rate", "接通率", "connect rate"),
    ("answer_15s", "15秒应答率", "in 15 s"),
    ("abandoned", "放弃", "abandoned"),
    ("speed_of_answer_ms", "平均应答", "mean wait"),
    ("longest_wait_ms", "最长等待", "longest"),
    ("talk_ms", "通话时长", "talk"),
    ("mean_talk_ms", "平均通话", "mean talk"),
    ("transfers", "转出", "transfers"),
];

const OF_VISITS: [Column; 11] = [
    ("visits", "进队", "visits"),
    ("answered", "应答", "answered"),
    ("overflowed", "溢出", "overflowed"),
    ("abandoned", "放弃", "abandoned"),
    ("ended", "中断", "ended"),
    ("answer_rate", "应答率", "answer rate"),
    ("answer_15s", "15秒应答率", "in 15 s"),
    ("speed_of_answer_ms", "平均应答", "mean wait"),
    ("longest_wait_ms", "最长等待", "longest"),
    ("talk_ms", "通话时长", "talk"),
    ("mean_talk_ms", "平均通话", "mean talk"),
];

const OF_GRADES: [Column; 11] = [
    ("surveyed", "评价", "graded"),
    ("satisfaction", "满意率", "satisfied"),
    ("grade_5", "非常满意", "very good"),
    ("grade_4", "满意", "good"),
    ("grade_3", "基本满意", "fair"),
    ("grade_2", "不满意", "bad"),
    ("grade_1", "非常不满意", "very bad"),
    ("solved", "已解决", "solved"),
    ("unsolved", "未解决", "not solved"),
    ("solved_rate", "解决率", "solved rate"),
    ("", "", ""),
];

const OF_OFFERS: [Column; 11] = [
    ("offered", "派送", "offered"),
    ("answered", "应答", "answered"),
    ("rang_out", "久叫不应", "rang out"),
    ("failed", "未通", "failed"),
    ("answer_rate", "应答率", "answer rate"),
    ("mean_ring_ms", "平均振铃", "mean ring"),
    ("talk_ms", "通话时长", "talk"),
    ("mean_talk_ms", "平均通话", "mean talk"),
    ("longest_talk_ms", "最长通话", "longest"),
    ("hung_up", "坐席先挂", "he hung up"),
    ("caller_hung_up", "市民先挂", "caller hung up"),
];

/// One line a row, and one for all together. Rates are cut, not rounded: 94.99 % is no 95 %.
#[must_use]
pub fn figures(report: &Report, lang: Lang) -> String {
    let columns = match report.by {
        By::Group => OF_VISITS,
        By::Person => OF_OFFERS,
        By::Line | By::Department | By::Traffic | By::Hour => OF_CALLS,
    };
    table(report, columns, lang)
}

/// What callers say of how they were served, in the same shape.
#[must_use]
pub fn survey(report: &Report, lang: Lang) -> String {
    table(report, OF_GRADES, lang)
}

fn table(report: &Report, columns: [Column; 11], lang: Lang) -> String {
    let mut out = String::new();
    let complete = if report.complete {
        ""
    } else {
        lang.of("（更早的记录仍在读取）", " (earlier records are still being read)")
    };
    let period = (report.period.from, report.period.to);
    let _ = writeln!(out, "{} {} – {}{complete}", lang.of("时段", "period"), period.0, period.1);
    if report.rows.is_empty() {
        out.push_str(lang.of("没有已结束的通话\n", "no calls have ended\n"));
        return out;
    }
    let key = match report.by {
        By::Line => lang.of("线路", "line"),
        By::Group => lang.of("坐席组", "group"),
        By::Department => lang.of("部门", "department"),
        By::Person => lang.of("人员", "person"),
        By::Traffic => lang.of("来源", "traffic"),
        By::Hour => lang.of("小时", "hour"),
    };
    let mut heading: [String; 12] = std::array::from_fn(|_| String::new());
    heading[0] = key.to_owned();
    for (cell, (_, zh, en)) in heading.iter_mut().skip(1).zip(columns) {
        *cell = lang.of(zh, en).to_owned();
    }
    let mut rows = vec![heading];
    rows.extend(report.rows.iter().map(|row| cells(row, &name(report.by, row, lang), &columns)));
    rows.push(cells(&report.sum, lang.of("合计", "total"), &columns));
    out.push_str(&align(&rows, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
    out
}

/// What a row is called: its key and title.
fn name(by: By, row: &Row, lang: Lang) -> String {
    let beside = |name: &str| row.names.iter().find(|(n, _)| *n == name).map_or("", |(_, text)| text);
    let text = match by {
        By::Line | By::Group if row.key == "other" => lang.of("其他", "other").to_owned(),
        // A title often begins with the number.
        By::Line | By::Group if beside("title").starts_with(&row.key) => beside("title").to_owned(),
        By::Line | By::Group => format!("{} {}", row.key, beside("title")),
        By::Person if row.key.is_empty() => format!("{} {}", lang.of("坐席", "seat"), beside("seat")),
        By::Traffic if row.key == "city" => lang.of("本市", "city").to_owned(),
        By::Traffic => lang.of("全省", "province").to_owned(),
        By::Department | By::Person | By::Hour => shown(&row.key).to_owned(),
    };
    clean(text.trim_end())
}

fn cells(row: &Row, name: &str, columns: &[Column; 11]) -> [String; 12] {
    let mut cells: [String; 12] = std::array::from_fn(|_| String::new());
    cells[0] = name.to_owned();
    for (cell, (wanted, ..)) in cells.iter_mut().skip(1).zip(columns) {
        let figure = row.figures.iter().find(|(name, _)| name == wanted);
        *cell = figure.map_or_else(String::new, |(_, figure)| text(*figure));
    }
    cells
}

fn text(figure: Figure) -> String {
    match figure {
        Figure::Count(count) => count.to_string(),
        Figure::Rate(None) => "-".to_owned(),
        Figure::Rate(Some(rate)) => {
            // A share of whole calls: what is left of 100 parts of a percent is cut.
            let parts = (rate * 10_000.0 + 1e-6).floor();
            format!("{:.2}%", parts / 100.0)
        }
        Figure::Time(ms) => seconds(ms),
        Figure::Flag(flag) => flag.to_string(),
    }
}

/// Comma-separated values (RFC 4180), every figure a column; rates 0–1 and times in ms, as in JSON. The sum comes last, its key empty.
#[must_use]
pub fn figures_csv(report: &Report) -> String {
    let names = report.rows.first().map_or(&[][..], |row| &row.names);
    let mut heading = vec![report.by.word().to_owned()];
    heading.extend(names.iter().map(|(name, _)| (*name).to_owned()));
    heading.extend(report.sum.figures.iter().map(|(name, _)| name.replace('.', "_")));
    let mut out = record(&heading);
    for row in report.rows.iter().chain([&report.sum]) {
        let mut fields = vec![row.key.clone()];
        fields.extend((0..names.len()).map(|n| row.names.get(n).map_or_else(String::new, |(_, text)| text.clone())));
        fields.extend(row.figures.iter().map(|(_, figure)| exact(*figure)));
        out.push_str(&record(&fields));
    }
    out
}

fn exact(figure: Figure) -> String {
    match figure {
        Figure::Count(count) => count.to_string(),
        Figure::Rate(rate) => rate.map_or_else(String::new, |rate| rate.to_string()),
        Figure::Time(ms) => ms.map_or_else(String::new, |ms| ms.to_string()),
        Figure::Flag(flag) => flag.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_cut_and_never_rounded_up() {
        let shown = |part: f64, whole: f64| text(Figure::Rate(Some(part / whole)));
        assert_eq!(shown(94_999.0, 100_000.0), "94.99%");
        assert_eq!([shown(95.0, 100.0), shown(1.0, 1.0), shown(2.0, 3.0)], ["95.00%", "100.00%", "66.66%"]);
        assert_eq!(text(Figure::Rate(None)), "-");
    }
}
