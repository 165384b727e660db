//! The program itself, as whoever installs it runs it: a folder, a configuration, nothing of our own environment.
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use entremise::store::{Options, Store};

use super::app::{ORIGIN, TestApp};
use super::database::{Engine, TempFolder, TestDb};

/// An installation: its configuration file, its keys folder, its database.
pub struct Program {
    pub db: TestDb,
    pub folder: TempFolder,
    /// Variables set for every run.
    pub variables: Vec<(String, String)>,
}

/// How one run ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Program {
    /// Configured as for production, with neither keys nor tables yet.
    pub async fn fresh(engine: Engine) -> Self {
        Self::on(TestDb::empty(engine).await)
    }

    pub fn on(db: TestDb) -> Self {
        let folder = TempFolder::new();
        let config = format!(
            r#"
            [server]
            origin = "https://mandats.example.fr"
            trusted_proxies = ["127.0.0.1"]
            [database]
            url = "{}"
            [keys]
            folder = "{keys}"
            [identity]
            issuer = "https://identite.invalid/api/v2"
            client_id = "entremise"
            client_secret = "uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT"
            [log]
            origin = "mandats.example.fr/log"
            head_file = "{head}"
            "#,
            db.url,
            keys = folder.0.join("keys").display(),
            head = folder.0.join("log-head").display(),
        );
        std::fs::write(folder.0.join("entremise.toml"), config).expect("the configuration is written");
        Self { db, folder, variables: Vec::new() }
    }

    /// Another node of a product that a test has set up: same database, same keys, same memory of the log.
    pub fn beside(app: &TestApp) -> Self {
        Self::beside_on(app, app.db.shared())
    }

    /// The same on another database.
    pub fn beside_on(app: &TestApp, db: TestDb) -> Self {
        let program = Self::on(db);
        let file = program.path("entremise.toml");
        let text = std::fs::read_to_string(&file).expect("just written");
        let head = &app.app.config.log.head_file;
        let keys = head.with_file_name("keys");
        let text = text
            .replace("https://mandats.example.fr", ORIGIN)
            .replace("mandats.example.fr/log", app.app.log.origin().as_str())
            .replace(program.path("keys").to_str().expect("text"), keys.to_str().expect("text"))
            .replace(program.path("log-head").to_str().expect("text"), head.to_str().expect("text"));
        std::fs::write(file, text).expect("the configuration is written");
        program
    }

    /// With another value in its configuration.
    pub fn with(self, old: &str, new: &str) -> Self {
        let file = self.path("entremise.toml");
        let text = std::fs::read_to_string(&file).expect("the configuration is there");
        assert!(text.contains(old), "{old} is in {text}");
        std::fs::write(file, text.replace(old, new)).expect("the configuration is written");
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.0.join(name)
    }

    /// Runs one verb with this installation's configuration.
    pub fn run(&self, words: &[&str]) -> Ended {
        self.run_with(words, "")
    }

    /// The same, with something on standard input.
    pub fn run_with(&self, words: &[&str], input: &str) -> Ended {
        finish(self.command(words), input)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = bare(&[]);
        command.arg("--config").arg(self.path("entremise.toml")).args(words);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The database, opened as the service opens it.
    pub async fn store(&self) -> Store {
        let options: Options = self.db.url.parse().expect("a database URL");
        Store::open(&options).await.expect("the database opens")
    }

    /// Starts `serve` on a free port and waits until it answers.
    pub async fn serve(&self) -> Serving {
        let address = free_address();
        let mut command = self.command(&["serve"]);
        command.env("ENTREMISE_SERVER__LISTEN", &address);
        Serving::start(command, &address).await
    }
}

/// The program without a configuration.
pub fn bare(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entremise"));
    command.args(words).env_clear();
    command
}

/// Runs to the end.
pub fn finish(mut command: Command, input: &str) -> Ended {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // A program that refuses before reading closes its end: that is no fault of the test.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    Ended {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

impl Ended {
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }

    /// Exit code 1, and each of `words` on standard error or output.
    #[track_caller]
    pub fn refused(self, words: &[&str]) -> Self {
        assert_eq!(self.code, 1, "{self:?}");
        self.says(words)
    }

    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.out.contains(word) || self.err.contains(word), "no « {word} » in {self:?}");
        }
        self
    }
}

/// A port nobody listens on at this moment.
pub fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

/// The program, serving. Killed when dropped.
pub struct Serving {
    child: Mutex<Child>,
    pub http: reqwest::Client,
    /// `http://127.0.0.1:PORT`
    pub base: String,
}

impl Serving {
    /// Waits until the first answer.
    pub async fn start(mut command: Command, address: &str) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let child = child.env("RUST_LOG", "warn").spawn().expect("the program starts");
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        let serving = Self { child: Mutex::new(child), http, base: format!("http://{address}") };
        let begun = Instant::now();
        while serving.http.get(format!("{}/sign-in", serving.base)).send().await.is_err() {
            let ended = serving.child.lock().expect("whole").try_wait().expect("asked");
            assert!(ended.is_none(), "the program ended at once");
            assert!(begun.elapsed() < Duration::from_secs(60), "no answer within a minute");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        serving
    }

    /// SIGKILL: nothing is finished, nothing is said.
    pub fn kill(&self) {
        let mut child = self.child.lock().expect("whole");
        child.kill().expect("killed");
        child.wait().expect("gone");
    }

    /// SIGTERM: what is under way is finished. Gives the exit code.
    pub fn stop(self) -> Option<i32> {
        let mut child = self.child.lock().expect("whole");
        let asked = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status();
        assert!(asked.expect("sh").success());
        child.wait().expect("ended").code()
    }

    pub async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.base)).header("accept-language", "fr");
        let answer = answer.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// A form of one of our own pages.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> (u16, String) {
        let request = self.http.post(format!("{}{path}", self.base)).header("sec-fetch-site", "same-origin");
        let answer = request.form(form).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let Ok(child) = self.child.get_mut() else { return };
        let _ = child.kill();
        let _ = child.wait();
    }
}
