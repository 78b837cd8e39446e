//! The records in SQLite: what is written in one transaction, and what can be asked. The one door to `sqlx`.
//!
//! Plain SQL with numbered parameters and `ON CONFLICT`, so that the same text runs on PostgreSQL. The column `record`
//! is the record itself (JSON of [`Cdr`]); the other columns are for searching and for the operator's own queries.

use super::batch::{Batch, Kept};
use super::{Error, private};
use crate::fact::{Archived, Outcome, Quality, Service, Target};
use crate::id::CallRef;
use crate::ledger::transfers::Transfer;
use crate::ledger::{Attempt, Cdr};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::query_builder::Separated;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Row, Sqlite, SqliteConnection};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Version of the tables.
const VERSION: i64 = 1;
/// Most rows of a statement. One that is longer costs as much for a row.
const ROWS: usize = 64;
/// Rows of a long answer that are held at a time.
const PAGE: i64 = 5_000;

const TABLES: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS cdr (
        seq BIGINT PRIMARY KEY, call TEXT NOT NULL, t0 BIGINT NOT NULL, t1 BIGINT, t2 BIGINT, ended BIGINT NOT NULL,
        dialled TEXT NOT NULL, caller TEXT NOT NULL, origin TEXT NOT NULL, traffic TEXT NOT NULL,
        entry TEXT, service TEXT, answered_by TEXT, outcome TEXT NOT NULL, ended_by TEXT NOT NULL,
        cause TEXT NOT NULL, status BIGINT, wait_ms BIGINT, talk_ms BIGINT, record TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS cdr_t0 ON cdr (t0)",
    "CREATE INDEX IF NOT EXISTS cdr_call ON cdr (call)",
    "CREATE INDEX IF NOT EXISTS cdr_ended ON cdr (ended)",
    "CREATE INDEX IF NOT EXISTS cdr_dialled ON cdr (dialled, t0)",
    "CREATE INDEX IF NOT EXISTS cdr_caller ON cdr (caller, t0)",
    "CREATE TABLE IF NOT EXISTS cdr_leg (
        seq BIGINT NOT NULL, place BIGINT NOT NULL, target TEXT NOT NULL, number TEXT, tried BIGINT NOT NULL,
        ringing BIGINT, answered BIGINT, connected BIGINT, ended BIGINT, cause TEXT, status BIGINT,
        PRIMARY KEY (seq, place))",
    "CREATE INDEX IF NOT EXISTS cdr_leg_target ON cdr_leg (target, tried)",
    "CREATE TABLE IF NOT EXISTS cdr_transfer (
        seq BIGINT NOT NULL, place BIGINT NOT NULL, number TEXT NOT NULL, title TEXT NOT NULL, way TEXT NOT NULL,
        asked BIGINT NOT NULL, ringing BIGINT, ended BIGINT, result TEXT, cause TEXT, fate TEXT, record TEXT NOT NULL,
        PRIMARY KEY (seq, place))",
    "CREATE INDEX IF NOT EXISTS cdr_transfer_asked ON cdr_transfer (asked, seq, place)",
    // A database made before recordings were kept otherwise than as WAV gets this one at its next opening; version 1 reads it
    // and passes it over.
    "CREATE TABLE IF NOT EXISTS cdr_recording (
        seq BIGINT PRIMARY KEY, call TEXT NOT NULL, file TEXT NOT NULL, bytes BIGINT NOT NULL, sha256 TEXT NOT NULL,
        sealed_by TEXT, record TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS cdr_recording_call ON cdr_recording (call, seq)",
];

/// The column of a call's kept recording: the latest word of it, NULL where there is none.
const ARCHIVED: &str =
    "(SELECT kept.record FROM cdr_recording kept WHERE kept.call = cdr.call ORDER BY kept.seq DESC LIMIT 1)";

/// How far the journal is folded into the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last event that is.
    pub folded: u64,
    /// Where a replay must begin: the first event of the oldest call live at `folded`, else the one after it.
    pub resume: u64,
}

/// Which records are wanted. The default is the latest 50.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Calls with t0 at or after, µs since the epoch.
    pub since: Option<i64>,
    /// Calls with t0 before.
    pub until: Option<i64>,
    /// Dialled or calling number, exactly.
    pub number: Option<String>,
    /// Outcome.
    pub outcome: Option<Outcome>,
    /// Also those in which a seat dialled one of its keys' codes (`*72`).
    pub codes: bool,
    /// What it is counted under.
    pub service: Option<Service>,
    /// Those behind this one only, by t0 and place in the stream: the last of the page before.
    pub behind: Option<(i64, u64)>,
    /// At most so many, the latest.
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            since: None,
            until: None,
            number: None,
            outcome: None,
            codes: true,
            service: None,
            behind: None,
            limit: 50,
        }
    }
}

/// How often a number was dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// The dialplan's entry; empty where there was none.
    pub entry: String,
    /// The number first dialled.
    pub dialled: String,
    /// Calls.
    pub calls: u64,
}

/// Some records.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The latest first.
    pub cdrs: Vec<Cdr>,
    /// Where the next page goes on; `None`: this was the last one.
    pub behind: Option<(i64, u64)>,
}

/// One connection to the records.
#[derive(Debug)]
pub struct Database {
    connection: SqliteConnection,
    path: PathBuf,
    /// The table of kept recordings is there: not in a database that only an earlier version has opened.
    keeps: bool,
}

/// Makes the file, its owner's alone. What SQLite lays beside it has the rights of the file; what an earlier version laid there is
/// closed too.
fn close(path: &Path) -> io::Result<()> {
    private::file(path)?;
    ["-wal", "-shm"].into_iter().try_for_each(|tail| {
        let mut beside = path.as_os_str().to_owned();
        beside.push(tail);
        private::if_there(Path::new(&beside))
    })
}

impl Database {
    /// Opens the file, or makes it, with its tables.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Newer`], [`Error::File`].
    pub async fn open(path: &Path) -> Result<Self, Error> {
        close(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let mut database = Self::connect(path, writing(path).create_if_missing(true)).await?;
        database.make_tables().await?;
        database.keeps = true;
        Ok(database)
    }

    /// Another connection to a file that [`Self::open`] has opened before.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn again(path: &Path) -> Result<Self, Error> {
        let mut database = Self::connect(path, writing(path)).await?;
        database.keeps = true;
        Ok(database)
    }

    /// Opens an existing file for questions only; the daemon may be running on it.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Newer`].
    pub async fn open_read_only(path: &Path) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let mut database = Self::connect(path, options).await?;
        database.check_version().await?;
        let kept = sqlx::query("SELECT seq FROM cdr_recording LIMIT 1").fetch_optional(&mut database.connection).await;
        database.keeps = kept.is_ok();
        Ok(database)
    }

    async fn connect(path: &Path, options: SqliteConnectOptions) -> Result<Self, Error> {
        let options = options.busy_timeout(Duration::from_secs(5)).disable_statement_logging();
        let path = path.to_owned();
        match options.connect().await {
            Ok(connection) => Ok(Self { connection, path, keeps: false }),
            Err(source) => Err(Error::Database { path, source: Box::new(source) }),
        }
    }

    async fn make_tables(&mut self) -> Result<(), Error> {
        for table in TABLES {
            let made = sqlx::query(*table).execute(&mut self.connection).await;
            made.map_err(|e| self.failed(e))?;
        }
        self.check_version().await?;
        // Written once: a disk that takes nothing stops no start.
        match self.meta("version").await? {
            Some(_) => Ok(()),
            None => self.set("version", VERSION).await,
        }
    }

    async fn check_version(&mut self) -> Result<(), Error> {
        let found = self.meta("version").await?.unwrap_or(VERSION);
        if found > VERSION {
            return Err(Error::Newer { path: self.path.clone(), found, known: VERSION });
        }
        Ok(())
    }

    /// How far it is folded.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn position(&mut self) -> Result<Position, Error> {
        let folded = self.meta("folded").await?.unwrap_or(0);
        let resume = self.meta("resume").await?.unwrap_or(0);
        Ok(Position { folded: unsigned(folded), resume: unsigned(resume) })
    }

    /// Books what waits, and the position that it brings the fold to: all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Database`]; then nothing was booked.
    pub async fn book(&mut self, batch: &Batch, position: Position) -> Result<(), Error> {
        let booked = book(&mut self.connection, batch, position).await;
        booked.map_err(|e| self.failed(e))
    }

    /// Records by filter, latest first.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Record`].
    pub async fn calls(&mut self, filter: &Filter) -> Result<Vec<Cdr>, Error> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT seq, record, ");
        sql.push(self.archived()).push(" AS archived FROM cdr WHERE t0 >= ");
        sql.push_bind(filter.since.unwrap_or(i64::MIN));
        sql.push(" AND t0 < ").push_bind(filter.until.unwrap_or(i64::MAX));
        if let Some((t0, seq)) = filter.behind {
            sql.push(" AND (t0, seq) < (").push_bind(t0).push(", ").push_bind(signed(seq)).push(")");
        }
        if let Some(number) = &filter.number {
            sql.push(" AND (dialled = ").push_bind(number.clone());
            sql.push(" OR caller = ").push_bind(number.clone()).push(")");
        }
        if let Some(outcome) = filter.outcome {
            sql.push(" AND outcome IN (").push_bind(word(&outcome));
            if outcome == Outcome::Interrupted {
                sql.push(", 'crashed'"); // as records of earlier versions have it
            }
            sql.push(")");
        }
        if !filter.codes {
            sql.push(" AND dialled NOT LIKE '*%'");
        }
        if let Some(service) = filter.service {
            sql.push(" AND service = ").push_bind(word(&service));
        }
        sql.push(" ORDER BY t0 DESC, seq DESC LIMIT ").push_bind(i64::from(filter.limit));
        let rows = sql.build().fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|e| self.failed(e))?;
        rows.iter().map(|row| self.cdr(row)).collect()
    }

    /// Number dialled and t0 of every call since a moment, µs since the epoch, oldest first; at most `limit`, the latest.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn dialled(&mut self, since: i64, limit: u32) -> Result<Vec<(String, i64)>, Error> {
        let sql = "SELECT dialled, t0 FROM cdr WHERE t0 >= $1 ORDER BY t0 DESC LIMIT $2";
        let rows = sqlx::query(sql).bind(since).bind(i64::from(limit)).fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|e| self.failed(e))?;
        rows.iter()
            .rev()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
            .collect::<Result<_, _>>()
            .map_err(|e| self.failed(e))
    }

    /// Transfers asked for in \[`since`, `until`), µs since the epoch, in calls that have ended: given one by one, by the
    /// moment of the asking.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Record`].
    pub async fn transfers(&mut self, since: i64, until: i64, mut each: impl FnMut(Transfer)) -> Result<(), Error> {
        let sql = "SELECT seq, place, asked, record FROM cdr_transfer WHERE (asked, seq, place) > ($1, $2, $3) AND asked < $4 \
                   ORDER BY asked, seq, place LIMIT $5";
        let mut last = (since, -1, -1);
        loop {
            let page = sqlx::query(sql).bind(last.0).bind(last.1).bind(last.2).bind(until).bind(PAGE);
            let rows = page.fetch_all(&mut self.connection).await.map_err(|e| self.failed(e))?;
            let Some(end) = rows.last() else { return Ok(()) };
            let place = |row: &sqlx::sqlite::SqliteRow| -> sqlx::Result<(i64, i64, i64)> {
                Ok((row.try_get("asked")?, row.try_get("seq")?, row.try_get("place")?))
            };
            last = place(end).map_err(|e| self.failed(e))?;
            for row in &rows {
                each(self.record(row)?);
            }
        }
    }

    /// Up to 5,000 records of calls with t0 in \[`since`, `until`), the latest first, from behind the record that `behind` names by t0
    /// and place in the stream; without the recordings kept of them. One that cannot be read is left out.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn page(&mut self, since: i64, until: i64, behind: Option<(i64, u64)>) -> Result<Page, Error> {
        let sql = "SELECT seq, t0, record FROM cdr WHERE t0 >= $1 AND t0 < $2 AND (t0, seq) < ($3, $4) \
                   ORDER BY t0 DESC, seq DESC LIMIT $5";
        let (t0, seq) = behind.map_or((i64::MAX, i64::MAX), |(t0, seq)| (t0, signed(seq)));
        let page = sqlx::query(sql).bind(since).bind(until).bind(t0).bind(seq).bind(PAGE);
        let rows = page.fetch_all(&mut self.connection).await.map_err(|e| self.failed(e))?;
        let place = |row: &sqlx::sqlite::SqliteRow| -> sqlx::Result<(i64, u64)> {
            Ok((row.try_get("t0")?, unsigned(row.try_get("seq")?)))
        };
        let last = rows.last().map(place).transpose().map_err(|e| self.failed(e))?;
        let behind = last.filter(|_| rows.len() as i64 == PAGE);
        let read =
            |row| self.record::<Cdr>(row).inspect_err(|error| tracing::warn!(%error, "a record is passed over")).ok();
        Ok(Page { cdrs: rows.iter().filter_map(read).collect(), behind })
    }

    /// How many calls each number had with t0 in \]`after`, `until`\], both µs since the epoch.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn hits(&mut self, after: i64, until: i64) -> Result<Vec<Hits>, Error> {
        let sql = "SELECT COALESCE(entry, '') AS entry, dialled, COUNT(*) AS calls FROM cdr WHERE t0 > $1 AND t0 <= $2 \
                   GROUP BY COALESCE(entry, ''), dialled ORDER BY dialled";
        let rows = sqlx::query(sql).bind(after).bind(until).fetch_all(&mut self.connection).await;
        let rows = rows.map_err(|e| self.failed(e))?;
        let read = |row: &sqlx::sqlite::SqliteRow| -> sqlx::Result<Hits> {
            Ok(Hits {
                entry: row.try_get("entry")?,
                dialled: row.try_get("dialled")?,
                calls: unsigned(row.try_get("calls")?),
            })
        };
        rows.iter().map(|row| read(row).map_err(|e| self.failed(e))).collect()
    }

    /// One call's record. References are unique but for clocks set back; then the later call.
    ///
    /// # Errors
    /// [`Error::Database`], [`Error::Record`].
    pub async fn call(&mut self, call: CallRef) -> Result<Option<Cdr>, Error> {
        let mut sql = QueryBuilder::<Sqlite>::new("SELECT seq, record, ");
        sql.push(self.archived()).push(" AS archived FROM cdr WHERE call = ").push_bind(call.to_string());
        sql.push(" ORDER BY seq DESC LIMIT 1");
        let row = sql.build().fetch_optional(&mut self.connection).await;
        let row = row.map_err(|e| self.failed(e))?;
        row.map(|row| self.cdr(&row)).transpose()
    }

    /// Removes records of calls that ended before `before`, µs since the epoch; gives how many.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn prune(&mut self, before: i64) -> Result<u64, Error> {
        for parts in [
            "DELETE FROM cdr_leg WHERE seq IN (SELECT seq FROM cdr WHERE ended < $1)",
            "DELETE FROM cdr_transfer WHERE seq IN (SELECT seq FROM cdr WHERE ended < $1)",
            "DELETE FROM cdr_recording WHERE call IN (SELECT call FROM cdr WHERE ended < $1)",
        ] {
            let gone = sqlx::query(parts).bind(before).execute(&mut self.connection).await;
            gone.map_err(|e| self.failed(e))?;
        }
        let calls = sqlx::query("DELETE FROM cdr WHERE ended < $1").bind(before);
        let gone = calls.execute(&mut self.connection).await;
        gone.map(|done| done.rows_affected()).map_err(|e| self.failed(e))
    }

    /// Closes the file; its write-ahead log is folded in.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn close(self) -> Result<(), Error> {
        let path = self.path;
        let closed = self.connection.close().await;
        closed.map_err(|source| Error::Database { path, source: Box::new(source) })
    }

    async fn meta(&mut self, name: &str) -> Result<Option<i64>, Error> {
        let sql = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(name.to_owned());
        let value = sql.fetch_optional(&mut self.connection).await;
        value.map_err(|e| self.failed(e))
    }

    async fn set(&mut self, name: &str, value: i64) -> Result<(), Error> {
        let set = set(&mut self.connection, name, value).await;
        set.map_err(|e| self.failed(e))
    }

    fn archived(&self) -> &'static str {
        if self.keeps { ARCHIVED } else { "NULL" }
    }

    /// A call's record, with the recording that is kept of it.
    fn cdr(&self, row: &sqlx::sqlite::SqliteRow) -> Result<Cdr, Error> {
        let mut cdr: Cdr = self.record(row)?;
        let kept: Option<String> = row.try_get("archived").map_err(|e| self.failed(e))?;
        if let Some(text) = kept {
            let read = serde_json::from_str::<Archived>(&text);
            let archived = read.map_err(|source| Error::Record { seq: signed(cdr.seq), source })?;
            // Of a call of the same reference before the clock was set back it may be.
            let ours = |name: &String| archived.file.strip_prefix(name.as_str()).is_some_and(|e| e.starts_with('.'));
            cdr.archived = cdr.recording.as_ref().is_some_and(ours).then(|| Box::new(archived));
        }
        Ok(cdr)
    }

    fn record<T: DeserializeOwned>(&self, row: &sqlx::sqlite::SqliteRow) -> Result<T, Error> {
        let seq: i64 = row.try_get("seq").map_err(|e| self.failed(e))?;
        let text: String = row.try_get("record").map_err(|e| self.failed(e))?;
        serde_json::from_str(&text).map_err(|source| Error::Record { seq, source })
    }

    fn failed(&self, source: sqlx::Error) -> Error {
        Error::Database { path: self.path.clone(), source: Box::new(source) }
    }
}

async fn book(connection: &mut SqliteConnection, batch: &Batch, position: Position) -> sqlx::Result<()> {
    let Batch { cdrs, kept, media } = batch;
    let mut transaction = connection.begin().await?;
    for cdrs in portions(cdrs) {
        insert_calls(cdrs).build().execute(&mut *transaction).await?;
    }
    let legs: Vec<(u64, usize, &Attempt)> =
        cdrs.iter().flat_map(|cdr| cdr.attempts.iter().enumerate().map(|(place, leg)| (cdr.seq, place, leg))).collect();
    for legs in portions(&legs) {
        insert_legs(legs).build().execute(&mut *transaction).await?;
    }
    let transfers: Vec<(u64, usize, &Transfer)> =
        cdrs.iter().flat_map(|cdr| cdr.transfers.iter().enumerate().map(|(place, t)| (cdr.seq, place, t))).collect();
    for transfers in portions(&transfers) {
        insert_transfers(transfers).build().execute(&mut *transaction).await?;
    }
    for kept in kept.chunks(ROWS) {
        insert_kept(kept).build().execute(&mut *transaction).await?;
    }
    for (call, legs) in media {
        amend(&mut transaction, *call, legs).await?;
    }
    set(&mut transaction, "folded", signed(position.folded)).await?;
    set(&mut transaction, "resume", signed(position.resume)).await?;
    transaction.commit().await
}

/// Writes into a call's record what its media was like; a record that is gone by now needs it no more.
async fn amend(connection: &mut SqliteConnection, call: CallRef, legs: &[Quality]) -> sqlx::Result<()> {
    let sql = "SELECT seq, record FROM cdr WHERE call = $1 ORDER BY seq DESC LIMIT 1";
    let found = sqlx::query(sql).bind(call.to_string()).fetch_optional(&mut *connection).await?;
    let Some(row) = found else { return Ok(()) };
    let (seq, text): (i64, String) = (row.try_get("seq")?, row.try_get("record")?);
    let Ok(mut cdr) = serde_json::from_str::<Cdr>(&text) else { return Ok(()) };
    cdr.media = legs.to_vec();
    let anew = serde_json::to_string(&cdr).unwrap_or(text);
    sqlx::query("UPDATE cdr SET record = $1 WHERE seq = $2").bind(anew).bind(seq).execute(connection).await?;
    Ok(())
}

fn writing(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path);
    options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal)
}

/// Rows in pieces of 64, 32, 16 … 1: the connection keeps every statement that it has met, 40 kB for one of 64 rows, and so it
/// meets seven of a kind instead of one for every number of rows that there ever is.
fn portions<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = 1 << rows.len().min(ROWS).checked_ilog2()?;
        let (portion, rest) = rows.split_at(length);
        rows = rest;
        Some(portion)
    })
}

async fn set(connection: &mut SqliteConnection, name: &str, value: i64) -> sqlx::Result<()> {
    let sql = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query(sql).bind(name.to_owned()).bind(value).execute(connection).await?;
    Ok(())
}

fn insert_calls(cdrs: &[Cdr]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO cdr (seq, call, t0, t1, t2, ended, dialled, caller, origin, traffic, entry, service, \
         answered_by, outcome, ended_by, cause, status, wait_ms, talk_ms, record) ",
    );
    sql.push_values(cdrs, |mut row: Separated<'_, Sqlite, &'static str>, cdr| {
        row.push_bind(signed(cdr.seq)).push_bind(cdr.call.to_string());
        row.push_bind(cdr.t0).push_bind(cdr.t1).push_bind(cdr.t2).push_bind(cdr.end);
        row.push_bind(cdr.dialled.clone()).push_bind(cdr.caller.clone());
        row.push_bind(origin(cdr)).push_bind(word(&cdr.traffic));
        row.push_bind(cdr.entry.clone()).push_bind(cdr.service.map(|s| word(&s)));
        row.push_bind(cdr.answered_by.as_ref().map(|t| target(t).0));
        row.push_bind(word(&cdr.outcome)).push_bind(word(&cdr.by)).push_bind(word(&cdr.cause));
        row.push_bind(cdr.status.map(i64::from));
        row.push_bind(cdr.wait_ms().map(signed)).push_bind(cdr.talk_ms().map(signed));
        row.push_bind(serde_json::to_string(cdr).unwrap_or_default());
    });
    sql.push(" ON CONFLICT (seq) DO NOTHING");
    sql
}

fn insert_legs(legs: &[(u64, usize, &Attempt)]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO cdr_leg (seq, place, target, number, tried, ringing, answered, connected, ended, cause, status) ",
    );
    sql.push_values(legs, |mut row: Separated<'_, Sqlite, &'static str>, (seq, place, leg)| {
        let (name, number) = target(&leg.target);
        row.push_bind(signed(*seq)).push_bind(signed(*place as u64));
        row.push_bind(name).push_bind(number).push_bind(leg.at);
        row.push_bind(leg.ringing).push_bind(leg.answered).push_bind(leg.connected).push_bind(leg.end);
        row.push_bind(leg.cause.map(|c| word(&c))).push_bind(leg.status.map(i64::from));
    });
    sql.push(" ON CONFLICT (seq, place) DO NOTHING");
    sql
}

fn insert_transfers(transfers: &[(u64, usize, &Transfer)]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "INSERT INTO cdr_transfer (seq, place, number, title, way, asked, ringing, ended, result, cause, fate, record) ",
    );
    sql.push_values(transfers, |mut row: Separated<'_, Sqlite, &'static str>, (seq, place, transfer)| {
        row.push_bind(signed(*seq)).push_bind(signed(*place as u64));
        row.push_bind(transfer.to.clone()).push_bind(transfer.title.clone()).push_bind(word(&transfer.way));
        row.push_bind(transfer.asked).push_bind(transfer.ringing).push_bind(transfer.end);
        row.push_bind(transfer.result.map(|r| word(&r))).push_bind(transfer.cause.map(|c| word(&c)));
        row.push_bind(transfer.fate.map(|f| word(&f)));
        row.push_bind(serde_json::to_string(transfer).unwrap_or_default());
    });
    sql.push(" ON CONFLICT (seq, place) DO NOTHING");
    sql
}

fn insert_kept(kept: &[Kept]) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("INSERT INTO cdr_recording (seq, call, file, bytes, sha256, sealed_by, record) ");
    sql.push_values(kept, |mut row: Separated<'_, Sqlite, &'static str>, Kept { seq, call, archived }| {
        row.push_bind(signed(*seq)).push_bind(call.to_string()).push_bind(archived.file.clone());
        row.push_bind(signed(archived.bytes)).push_bind(archived.sha256.clone()).push_bind(archived.key.clone());
        row.push_bind(serde_json::to_string(archived).unwrap_or_default());
    });
    sql.push(" ON CONFLICT (seq) DO NOTHING");
    sql
}

fn origin(cdr: &Cdr) -> String {
    match &cdr.origin {
        crate::fact::Origin::Trunk(trunk) => format!("trunk.{trunk}"),
        crate::fact::Origin::Seat(seat) => format!("seat.{seat}"),
    }
}

fn target(target: &Target) -> (String, Option<String>) {
    match target {
        Target::Seat(seat) => (format!("seat.{seat}"), None),
        Target::Trunk { trunk, number } => (format!("trunk.{trunk}"), Some(number.clone())),
    }
}

/// The word of a closed list, as in the journal.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_booked_in_powers_of_two_all_of_them_and_in_order() {
        let rows: Vec<u32> = (0..1_000).collect();
        let mut lengths = std::collections::BTreeSet::new();
        for count in 0..rows.len() {
            let portions: Vec<&[u32]> = portions(&rows[..count]).collect();
            assert_eq!(portions.concat(), rows[..count]);
            lengths.extend(portions.iter().map(|p| p.len()));
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64]);
    }
}
