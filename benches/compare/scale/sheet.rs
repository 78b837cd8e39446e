//! What stands in `scale.md`, read back: drawing and sentences come from what the reader sees, and from nothing else.

/// How the first heading of each table begins.
pub const LOADS: &str = "share of the maximum";
pub const MEMORY: &str = "live calls";
pub const LOOKUPS: &str = "entries";

/// The rows of one table: of each cell the number that it begins with, `NAN` where there is none.
pub fn table(text: &str, head: &str) -> Vec<Vec<f64>> {
    let begin = format!("| {head} |");
    let rows = text.lines().skip_while(|line| !line.starts_with(&begin)).skip(2);
    rows.map_while(|line| line.strip_prefix("| ")).map(|line| line.split('|').map(number).collect()).collect()
}

/// Two columns of a table as points.
pub fn points(rows: &[Vec<f64>], x: usize, y: usize) -> Vec<(f64, f64)> {
    rows.iter().filter_map(|row| Some((*row.get(x)?, *row.get(y)?))).collect()
}

fn number(cell: &str) -> f64 {
    cell.split_ascii_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}
