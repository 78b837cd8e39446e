//! Pages of lists, the same at every address: `limit` rows behind `after`, which is the last page's `next`.

use super::fault::Fault;
use super::query::{Query, wrong};

/// Rows where none are asked for, and the most that may be.
const ROWS: usize = 50;
const MOST: usize = 500;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Page {
    pub limit: usize,
    after: Option<String>,
}

impl Page {
    /// Reads it.
    ///
    /// # Errors
    /// 422: `limit` is none.
    pub fn read(query: &mut Query<'_>) -> Result<Self, Fault> {
        Self::of(query, ROWS)
    }

    /// The same of a list that usually is as long as this.
    ///
    /// # Errors
    /// As [`Page::read`].
    pub fn of(query: &mut Query<'_>, usual: usize) -> Result<Self, Fault> {
        let (zh, en) = (format!(" 1 到 {MOST} 的整数"), format!("a whole number, 1 to {MOST}"));
        let limit = query.read_as("limit", (&zh, &en), |text| text.parse().ok().filter(|n| (1..=MOST).contains(n)))?;
        Ok(Self { limit: limit.unwrap_or(usual), after: query.text("after") })
    }

    /// Behind which row, by its name.
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// The same, read.
    ///
    /// # Errors
    /// 422: it is no `next` of a page.
    pub fn behind<T>(&self, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Fault> {
        let Some(after) = self.after() else { return Ok(None) };
        let fault = || wrong("after", "after 应为上一页的 next".to_owned(), "after is the last page's next".to_owned());
        read(after).map(Some).ok_or_else(fault)
    }

    /// The same of a list whose rows are numbered, the latest first.
    ///
    /// # Errors
    /// As [`Page::behind`].
    pub fn before(&self) -> Result<Option<u64>, Fault> {
        self.behind(|text| text.parse().ok())
    }

    /// The rows of this page, and the next one's `after`; `name` is a row's.
    pub fn cut<R>(&self, rows: impl Iterator<Item = R>, name: impl FnOnce(&R) -> String) -> (Vec<R>, Option<String>) {
        let mut found: Vec<R> = rows.take(self.limit + 1).collect();
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let next = found.last().filter(|_| more).map(name);
        (found, next)
    }

    /// The next page's `after` of a list whose rows are numbered down to 1.
    pub fn next<R>(&self, rows: &[R], number: impl FnOnce(&R) -> u64) -> Option<String> {
        let last = rows.last().filter(|_| rows.len() == self.limit).map(number)?;
        (last > 1).then(|| last.to_string())
    }
}
