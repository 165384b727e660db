//! A fresh, migrated database for each test: migrated once per run, then copied.
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use entremise::store::{Options, Store};
use sqlx::Connection;
use tokio::sync::OnceCell;

use super::postgres::cluster_url;
use super::silent::Silent;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// An empty database with the whole schema, of this test alone.
#[derive(Debug)]
pub struct TestDb {
    /// As in the configuration: `sqlite:PATH` or `postgres://…`.
    pub url: String,
    pub engine: Engine,
    silent: Silent,
    _folder: Option<TempFolder>,
}

static NEXT: AtomicU32 = AtomicU32::new(1);
static SQLITE_TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<()> = OnceCell::const_new();

impl TestDb {
    pub async fn fresh(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let bytes = SQLITE_TEMPLATE.get_or_init(migrated_file).await;
                let folder = TempFolder::new();
                let file = folder.0.join("entremise.sqlite");
                std::fs::write(&file, bytes).expect("the temporary folder can be written");
                Self {
                    url: format!("sqlite:{}", file.display()),
                    engine,
                    silent: Silent::default(),
                    _folder: Some(folder),
                }
            }
            Engine::Postgres => {
                POSTGRES_TEMPLATE.get_or_init(migrated_template).await;
                let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
                create_database(&format!("CREATE DATABASE {name} TEMPLATE migrated")).await;
                Self {
                    url: format!("{}{name}", cluster_url()),
                    engine,
                    silent: Silent::default(),
                    _folder: None,
                }
            }
        }
    }

    /// The same database, for somebody who does not outlive its owner.
    pub fn shared(&self) -> Self {
        Self { url: self.url.clone(), engine: self.engine, silent: self.silent.shared(), _folder: None }
    }

    /// A database without any table: for SQLite, a file that does not exist yet.
    pub async fn empty(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let folder = TempFolder::new();
                let file = folder.0.join("data/entremise.sqlite");
                Self {
                    url: format!("sqlite:{}", file.display()),
                    engine,
                    silent: Silent::default(),
                    _folder: Some(folder),
                }
            }
            Engine::Postgres => {
                let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
                create_database(&format!("CREATE DATABASE {name}")).await;
                Self {
                    url: format!("{}{name}", cluster_url()),
                    engine,
                    silent: Silent::default(),
                    _folder: None,
                }
            }
        }
    }

    /// Makes this one, empty so far, a copy of another as it stands; whoever uses the other is cut off and comes back.
    pub async fn become_copy_of(&self, other: &Self, used: &Store) {
        let name = |url: &str| url.rsplit('/').next().expect("a name").to_owned();
        let (copy, from) = (name(&self.url), name(&other.url));
        create_database(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{from}'"
        ))
        .await;
        create_database(&format!("DROP DATABASE {copy}")).await;
        create_database(&format!("CREATE DATABASE {copy} TEMPLATE {from}")).await;
        // A connection that was cut off fails once more, and is replaced: more often than there are connections.
        for _ in 0..40 {
            let _ = used.check_version().await;
        }
    }

    /// The database, opened as the service opens it, and watched, but for what is measured. May be opened several times, as
    /// by several nodes.
    pub async fn store(&self) -> Store {
        let options: Options = self.url.parse().expect("a database URL");
        if std::env::var_os("TESTS_DURABLE").is_some() {
            return Store::open(&options).await.expect("the fresh database opens");
        }
        Store::watched(&options, self.silent.told()).await.expect("the fresh database opens")
    }
}

async fn migrated_file() -> Vec<u8> {
    let folder = TempFolder::new();
    let file = folder.0.join("template.sqlite");
    migrate(&format!("sqlite:{}", file.display())).await;
    std::fs::read(&file).expect("the migrated file")
}

async fn migrated_template() {
    create_database("CREATE DATABASE migrated").await;
    migrate(&format!("{}migrated", cluster_url())).await;
}

/// Migrates and closes: SQLite checkpoints its file, PostgreSQL copies a database only when nobody uses it.
async fn migrate(url: &str) {
    let options: Options = url.parse().expect("a database URL");
    let store = Store::open(&options).await.expect("the empty database opens");
    store.migrate().await.expect("the migrations run");
    store.close().await;
}

async fn create_database(sql: &str) {
    let url = format!("{}postgres", cluster_url());
    let mut connection = sqlx::PgConnection::connect(&url).await.expect("the cluster answers");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect(sql);
    connection.close().await.expect("the connection closes");
}

/// A folder only we can read, gone with the test.
#[derive(Debug)]
pub struct TempFolder(pub PathBuf);

impl TempFolder {
    pub fn new() -> Self {
        use std::os::unix::fs::DirBuilderExt;
        let name = format!("entremise-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path).expect("a temporary folder");
        Self(path)
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
