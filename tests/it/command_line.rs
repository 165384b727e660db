//! The command line, executed as it is installed: what each verb does, prints, refuses, and with which exit code.
use std::collections::BTreeSet;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::support::program::{Ended, Program, bare, finish, free_address};
use crate::support::{Engine, TempFolder};

const CCAS: &str = "13002526500013";

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it exists").mode() & 0o7777
}

/// The names of the verbs under `words`, as the help lists them.
fn listed(help: &str) -> Vec<String> {
    let verbs = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let verbs = verbs.take_while(|line| line.starts_with("  "));
    let names = verbs.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Every verb with its options, found by walking the help.
fn walk(words: &[String], found: &mut BTreeSet<String>, options: &mut BTreeSet<String>) {
    let mut command = bare(&[]);
    command.args(words).arg("--help");
    let help = finish(command, "").ok().out;
    assert!(help.contains("Usage: entremise"), "{words:?}: {help}");
    let first = help.lines().next().expect("a first line");
    assert!(first.len() > 10, "{words:?} says what it does: {first}");
    options.extend(help.split_whitespace().filter(|word| word.starts_with("--")).map(|word| {
        word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-').split('=').next().unwrap().to_owned()
    }));
    let verbs = listed(&help);
    if verbs.is_empty() {
        found.insert(words.join(" "));
    }
    for verb in verbs {
        walk(&[words, &[verb]].concat(), found, options);
    }
}

#[test]
fn every_verb_explains_itself_and_none_takes_a_secret() {
    let (mut found, mut options) = (BTreeSet::new(), BTreeSet::new());
    walk(&[], &mut found, &mut options);
    let expected = [
        "cards import",
        "clients add",
        "clients list",
        "clients resume",
        "clients rotate-secret",
        "clients scopes",
        "clients show",
        "clients suspend",
        "config check",
        "config schema",
        "demo",
        "doctor",
        "keys generate",
        "keys list",
        "log key",
        "log trust-head",
        "migrate",
        "people create",
        "people link",
        "people perimeter",
        "serve",
        "structures create",
    ];
    for verb in expected {
        assert!(found.contains(verb), "{verb} is not among {found:?}");
    }
    assert!(options.contains("--config") && options.contains("--redirect-uri"), "{options:?}");
    for option in &options {
        for secret in ["password", "secret", "seed", "token", "pin", "passphrase"] {
            let names_one = option.contains(secret) && !option.ends_with("-alg");
            assert!(!names_one, "{option} would show a secret to the whole machine");
        }
    }
}

#[test]
fn wrong_usage_is_told_apart_from_refusal() {
    for words in [&["serv"][..], &[], &["keys"], &["cards", "import"], &["people", "create", "--name", "A B"]]
    {
        let ended = finish(bare(words), "");
        assert_eq!((ended.code, ended.out.is_empty()), (2, true), "{words:?}: {ended:?}");
        assert!(ended.err.contains("Usage:"), "{ended:?}");
    }
    assert!(finish(bare(&["--version"]), "").ok().out.starts_with("entremise "));
    finish(bare(&["config", "check"]), "").refused(&["server", "configuration"]);
    finish(bare(&["--config", "/nowhere.toml", "config", "check"]), "").refused(&["/nowhere.toml"]);
}

#[test]
fn the_schema_printed_is_the_documented_one() {
    let printed = finish(bare(&["config", "schema"]), "").ok().out;
    assert_eq!(printed.trim_end(), include_str!("../../docs/configuration.md").trim_end());
}

/// A production start with `from` replaced by `to` in the configuration; `serve` and `config check` must agree.
#[track_caller]
fn refused_with(program: &Program, from: &str, to: &str, words: &[&str]) {
    let file = program.path("entremise.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    assert!(good.contains(from), "{from} is not in {good}");
    std::fs::write(&file, good.replace(from, to)).unwrap();
    for verb in [&["config", "check"][..], &["serve"]] {
        let ended = program.run(verb).refused(words);
        let said = format!("{}{}", ended.out, ended.err);
        assert!(!said.contains("uR5pZ0") && !said.contains("hunter2"), "a secret was printed: {said}");
    }
    std::fs::write(&file, good).unwrap();
}

#[tokio::test]
async fn an_unsafe_production_start_is_refused() {
    let program = Program::fresh(Engine::Sqlite).await;
    program.run(&["serve"]).refused(&["keys generate"]);
    program.run(&["keys", "generate"]).ok();
    program.run(&["migrate"]).ok();
    program.run(&["config", "check"]).ok();
    refused_with(
        &program,
        "https://mandats.example.fr",
        "http://mandats.example.fr",
        &["server.origin", "https"],
    );
    refused_with(
        &program,
        "https://identite.invalid",
        "http://identite.invalid",
        &["identity.issuer", "https"],
    );
    let demo = "https://identite.localhost:8081";
    refused_with(&program, "https://identite.invalid", demo, &["identity.issuer", "demonstration"]);
    for weak in ["hunter2", "", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        refused_with(&program, "uR5pZ0vQd3mXc8LkYt2WfB7nHs4JgEaT", weak, &["identity.client_secret"]);
    }
    refused_with(&program, "[database]", "[database]\ncolour = \"red\"", &["colour"]);
    refused_with(&program, "mandats.example.fr/log", "", &["log.origin"]);
    refused_with(
        &program,
        "[log]",
        "[mail]\nsmtp_url = \"smtp://u:hunter2@mx.example.fr\"\nfrom = \"a@b.fr\"\n[log]",
        &["clear"],
    );
    for (file, wide, narrow) in
        [("keys/master.key", 0o640, 0o600), ("keys/log.key", 0o604, 0o600), ("keys", 0o770, 0o700)]
    {
        let path = program.path(file);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(wide)).unwrap();
        for verb in [&["config", "check"][..], &["serve"], &["doctor"], &["keys", "list"]] {
            program.run(verb).refused(&["chmod", file]);
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(narrow)).unwrap();
    }
    // Without the key that signs the log nothing starts, and the doctor says what is missing.
    std::fs::rename(program.path("keys/log.key"), program.path("kept")).unwrap();
    for verb in [&["serve"][..], &["doctor"], &["config", "check"]] {
        program.run(verb).refused(&["log.key", "does not exist"]);
    }
    std::fs::rename(program.path("kept"), program.path("keys/log.key")).unwrap();
    program.run(&["config", "check"]).ok();
    // A folder that an earlier demonstration filled is not a configuration.
    let folder = program.folder.0.to_str().unwrap();
    finish(bare(&["--config", folder, "serve"]), "").refused(&["demonstration", "entremise demo"]);
}

#[test]
fn the_demonstration_stays_on_this_machine_and_leaves_folders_alone() {
    let folder = TempFolder::new();
    let data = folder.0.to_str().unwrap();
    finish(bare(&["demo", "--listen", "0.0.0.0:0", "--data", data]), "").refused(&["this machine only"]);
    std::fs::write(folder.0.join("letter.txt"), "mine").unwrap();
    let ended = finish(bare(&["demo", "--listen", "127.0.0.1:0", "--fresh", "--data", data]), "");
    ended.refused(&["no demonstration"]);
    assert!(folder.0.join("letter.txt").exists());
    let url = "postgres://entremise:hunter2@localhost/x";
    let ended = finish(bare(&["demo", "--listen", "127.0.0.1:0", "--data", data, "--database-url", url]), "");
    assert!(!ended.refused(&["password"]).err.contains("hunter2"));
    let address = free_address();
    let _taken = std::net::TcpListener::bind(&address).unwrap();
    finish(bare(&["demo", "--listen", &address, "--data", data]), "").refused(&["is taken", "--listen"]);
    finish(bare(&["demo", "--fresh", "--database-url", "postgres://x/y"]), "").code_is(2);
}

impl Ended {
    #[track_caller]
    fn code_is(self, code: i32) {
        assert_eq!(self.code, code, "{self:?}");
    }
}

const CARDS: &str = "serial,seed,period,digits,algorithm\n\
    FR-0001,3132333435363738393031323334353637383930,30,6,SHA1\n\
    FR-0002,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR,60,6,SHA1\n";

on_both_engines! {
    async fn a_service_is_set_up_from_nothing(program: Program) {
        set_up_keys(&program);
        let structure = program.run(&["structures", "create", "--name", "CCAS", "--siret", CCAS, "--territory", "35238"]);
        assert_eq!(structure.ok().out.trim().len(), 36, "its id is printed");
        let again = ["structures", "create", "--name", "Autre", "--siret", CCAS, "--territory", "35238"];
        program.run(&again).refused(&["exists already"]);
        program.run(&["structures", "create", "--name", "X", "--siret", "123", "--territory", "1"]).refused(&["SIRET"]);
        people(&program).await;
        cards(&program).await;
        clients(&program).await;
        // Everything is as it must be but the provider, a name that cannot exist.
        let doctor = program.run(&["doctor"]).refused(&["1 fault found", "FAULT identity provider https://identite.invalid"]);
        for part in ["configuration", "keys", "database", "log key", "alarms", "log against the head"] {
            assert!(doctor.out.contains(&format!("ok    {part}")), "{part}: {doctor:?}");
        }
        program.run(&["log", "key"]).ok().says(&["mandats.example.fr/log+"]);
        program.run(&["log", "trust-head"]).refused(&["remembers"]);
        // A head that the database does not hold: the database went back in time.
        let elsewhere = Program::fresh(program.db.engine).await;
        std::fs::create_dir(elsewhere.path("keys")).unwrap();
        for key in ["master.key", "log.key"] {
            std::fs::copy(program.path("keys").join(key), elsewhere.path("keys").join(key)).unwrap();
        }
        elsewhere.run(&["migrate"]).ok();
        std::fs::copy(program.path("log-head"), elsewhere.path("log-head")).unwrap();
        elsewhere.run(&["doctor"]).refused(&["FAULT log against the head", "rolled back"]);
        // The true database, but a node that remembers nothing.
        std::fs::remove_file(program.path("log-head")).unwrap();
        program.run(&["doctor"]).refused(&["remembers none", "log trust-head"]);
        program.run(&["log", "trust-head"]).ok().says(&["trusted: "]);
        program.run(&["doctor"]).refused(&["ok    log against the head"]);
    }
}

/// Keys and tables, and what is said before they exist.
fn set_up_keys(program: &Program) {
    program.run(&["config", "check"]).refused(&["keys generate"]);
    let created = program.run(&["keys", "generate"]).ok();
    assert_eq!(mode(&program.path("keys")), 0o700);
    let secrets = ["keys/master.key", "keys/log.key"].map(|key| {
        assert_eq!(mode(&program.path(key)), 0o600, "{key}");
        std::fs::read_to_string(program.path(key)).unwrap().trim().to_owned()
    });
    assert!(secrets.iter().all(|secret| secret.len() == 43 && !created.out.contains(secret)), "{created:?}");
    program.run(&["keys", "generate"]).ok().says(&["nothing was changed"]);
    assert!(std::fs::read_to_string(program.path("keys/log.key")).unwrap().contains(&secrets[1]));

    program.run(&["people", "link", "--email", "a@example.fr"]).refused(&["entremise migrate"]);
    program.run(&["serve"]).refused(&["entremise migrate"]);
    program.run(&["doctor"]).refused(&["FAULT database", "entremise migrate"]);
    program.run(&["migrate"]).ok();
    program.run(&["migrate"]).ok();
    if let Some(file) = program.db.url.strip_prefix("sqlite:") {
        let file = Path::new(file);
        assert_eq!(
            (mode(file.parent().unwrap()), mode(file)),
            (0o700, 0o600),
            "nobody else reads the database"
        );
    }

    let names = program.run(&["keys", "list"]).ok();
    for kind in ["master  seals", "ES256", "RS256"] {
        assert!(names.out.contains(kind), "{names:?}");
    }
    program.run(&["keys", "generate", "--master"]).ok().says(&["master  "]);
    program.run(&["keys", "list"]).ok().says(&["master  seals", "master  opens"]);
    program.run(&["keys", "generate", "--openid", "ES256"]).refused(&["less than an hour ago"]);
    program.run(&["keys", "generate", "--openid", "HS256"]).code_is(2);
    for listed in [names, program.run(&["keys", "list"])] {
        let said = format!("{}{}", listed.out, listed.err);
        assert!(!secrets.iter().any(|secret| said.contains(secret)) && !said.contains("PRIVATE"), "{said}");
    }
    assert_eq!(mode(&program.path("keys/master.key")), 0o600);
}

/// Someone is invited: the link is printed once, kept as a hash, works, and works once.
async fn people(program: &Program) {
    let create = |email: &str, more: &[&str]| {
        program.run(&[&["people", "create", "--email", email, "--name", "Nadia Benali"], more].concat())
    };
    create("n@example.fr", &["--role", "aidant"]).refused(&["structure"]);
    create("n@example.fr", &["--role", "king"]).refused(&["king"]);
    create("n@example.fr", &["--role", "aidant", "--structure", "21350238000008"]).refused(&["no structure"]);
    create("o@example.fr", &["--role", "operator", "--structure", CCAS])
        .refused(&["belongs to no structure"]);
    let created =
        create("n@example.fr", &["--role", "aidant", "--role", "referent", "--structure", CCAS]).ok();
    assert_eq!(created.out.lines().count(), 1, "the link alone, to be piped: {created:?}");
    let link =
        created.out.trim().strip_prefix("https://mandats.example.fr").expect("a link of ours").to_owned();
    create("N@example.fr", &["--role", "auditor", "--perimeter", "all"]).refused(&["already has an account"]);

    perimeters(program);

    let newer = program.run(&["people", "link", "--email", "n@example.fr"]).ok();
    let newer = newer.out.trim().strip_prefix("https://mandats.example.fr").unwrap().to_owned();
    program.run(&["people", "link", "--email", "nobody@example.fr"]).refused(&["no account"]);
    let token = newer.rsplit('/').next().unwrap();
    assert!(token.len() >= 43, "256 bits: {token}");
    if let Some(file) = program.db.url.strip_prefix("sqlite:") {
        let whole =
            [std::fs::read(file).unwrap(), std::fs::read(format!("{file}-wal")).unwrap_or_default()].concat();
        assert!(!whole.windows(token.len()).any(|part| part == token.as_bytes()), "only its hash is kept");
    }

    let serving = program.serve().await;
    let (_, old) = serving.get(&link).await;
    assert!(!old.contains("name=\"password\""), "the first link is void: {old}");
    let (status, page) = serving.get(&newer).await;
    assert!(status == 200 && page.contains("name=\"password\""), "{status}: {page}");
    let chosen = "un mot de passe que personne ne devine 47";
    let (status, page) = serving.post(&newer, &[("password", chosen), ("password_again", chosen)]).await;
    assert_eq!(status, 303, "{page}");
    let (status, page) = serving.get(&format!("{newer}/card")).await;
    assert_eq!(status, 200, "a card comes next: {page}");
    assert_eq!(serving.stop(), Some(0), "SIGTERM ends it well");
}

/// Nobody reviews more than they were given in so many words.
fn perimeters(program: &Program) {
    let create = |more: &[&str]| {
        let first =
            ["people", "create", "--email", "p@example.fr", "--name", "Paul Ferrand", "--role", "auditor"];
        program.run(&[&first, more].concat())
    };
    let change =
        |email: &str, to: &[&str]| program.run(&[&["people", "perimeter", "--email", email], to].concat());
    create(&[]).refused(&["perimeter", "SIRET", "all"]);
    create(&["--perimeter", "all", "--perimeter", CCAS]).refused(&["name no other"]);
    create(&["--perimeter", "21350238000008"]).refused(&["no structure"]);
    let aidant = ["people", "create", "--email", "q@example.fr", "--name", "A B", "--role", "aidant"];
    program
        .run(&[&aidant[..], &["--structure", CCAS, "--perimeter", "all"]].concat())
        .refused(&["only an auditor"]);
    create(&["--perimeter", CCAS]).ok();
    change("p@example.fr", &[CCAS]).ok().says(&["1 structure already"]);
    change("p@example.fr", &["all"]).ok().says(&["every structure"]);
    change("p@example.fr", &[CCAS]).ok().says(&["reviews 1 structure"]);
    change("p@example.fr", &[]).code_is(2);
    change("n@example.fr", &["all"]).refused(&["no auditor"]);
    change("nobody@example.fr", &["all"]).refused(&["no account"]);
}

/// A delivery of cards: each wrong line told, whole or not at all.
async fn cards(program: &Program) {
    let import = |file: &str, more: &[&str], input: &str| {
        program.run_with(&[&["cards", "import", file], more].concat(), input)
    };
    let to = &["--structure", CCAS][..];
    let wrong = format!(
        "{CARDS}FR-0003,zz,30,6,SHA1\nFR-0001,3132333435363738393031323334353637383933,30,6,SHA1\n\
        FR-0005,3132333435363738393031323334353637383934,45,8,HOTP\n"
    );
    let ended = import("-", to, &wrong).refused(&["3 line(s) are wrong, nothing was imported"]);
    for line in ["line 4: the seed", "line 5: the serial number is already on line 2", "line 6: "] {
        assert!(ended.err.contains(line), "{line}: {ended:?}");
    }
    assert!(!ended.err.contains("31323334"), "a seed is never repeated");
    import("-", to, "").refused(&["columns"]);
    import("/nowhere.csv", to, "").refused(&["No such file"]);
    import("-", &["--structure", "21350238000008"], CARDS).refused(&["no structure"]);
    import("-", &[to, &["--dry-run"]].concat(), CARDS)
        .ok()
        .says(&["2 card(s) can be imported", "nothing was taken"]);
    std::fs::write(program.path("cards.csv"), CARDS).unwrap();
    import(program.path("cards.csv").to_str().unwrap(), to, "").ok().says(&["2 card(s) imported"]);
    let more = format!("{CARDS}FR-0009,3132333435363738393031323334353637383939,30,6,SHA1\n");
    let known = import("-", to, &more).refused(&["2 line(s) are wrong"]);
    assert!(known.err.contains("line 2: a card with this serial number is already known"), "{known:?}");
    let store = program.store().await;
    assert_eq!(crate::log::number(&store, "SELECT COUNT(*) FROM card").await, 2, "whole or not at all");
    store.close().await;
}

/// A service is registered; the secret it is given opens the token endpoint, and is shown this once.
async fn clients(program: &Program) {
    let unsaid =
        ["clients", "add", "impots", "--name", "Impôts", "--redirect-uri", "https://impots.example/cb"];
    assert_eq!(program.run(&unsaid).says(&["--scope"]).code, 2, "said, or not registered");
    let add = [&unsaid[..], &["--scope", "email"]].concat();
    let added = program.run(&add).ok();
    let secret =
        added.out.lines().find_map(|line| line.strip_prefix("client_secret")).unwrap().trim().to_owned();
    assert!(secret.len() >= 43, "256 bits: {secret}");
    program.run(&add).refused(&["registered already"]);
    let unsafe_address = [
        "clients",
        "add",
        "x",
        "--name",
        "X",
        "--redirect-uri",
        "http://impots.example/cb",
        "--scope",
        "openid",
    ];
    program.run(&unsafe_address).refused(&["https"]);
    let listed = program.run(&["clients", "list"]).ok();
    assert!(listed.out.contains("impots\tactive\tImpôts") && !listed.out.contains(&secret), "{listed:?}");

    let serving = program.serve().await;
    let token = async |secret: &str| {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", "x"),
            ("redirect_uri", "https://impots.example/cb"),
        ];
        let request = serving.http.post(format!("{}/token", serving.base)).basic_auth("impots", Some(secret));
        let answer = request.form(&form).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, body) = token(&secret).await;
    assert!(
        status == 400 && body.contains("invalid_grant"),
        "known, but the code is nobody's: {status} {body}"
    );
    let (status, body) = token("another").await;
    assert!(status == 401 && body.contains("invalid_client"), "{status} {body}");
    let shown = program.run(&["clients", "show", "impots"]).ok().out;
    assert!(shown.contains("client_secret_basic") && shown.contains("https://impots.example/cb"), "{shown}");
    assert!(shown.contains("openid email\n"), "{shown}");
    let strange = program.run(&["clients", "scopes", "impots", "--scope", "phone"]);
    assert_eq!(strange.says(&["openid, profile, email, birth"]).code, 2);
    program.run(&["clients", "scopes", "impots", "--scope", "birth"]).ok();
    assert!(program.run(&["clients", "show", "impots"]).ok().out.contains("openid birth\n"));
    program.run(&["clients", "show", "nobody"]).refused(&["no service"]);
    program.run(&["clients", "rotate-secret", "impots", "--overlap", "9999"]).refused(&["hours"]);
    let rotated = program.run(&["clients", "rotate-secret", "impots", "--overlap", "1"]).ok().out;
    let new = rotated.trim().strip_prefix("client_secret").unwrap().trim().to_owned();
    assert_ne!(new, secret);
    for good in [&secret, &new] {
        assert_eq!(token(good).await.0, 400, "both serve while the service changes over");
    }
    program.run(&["clients", "suspend", "impots"]).ok();
    assert_eq!(token(&new).await.0, 401);
    program.run(&["clients", "suspend", "impots"]).refused(&["already"]);
    program.run(&["clients", "resume", "impots"]).ok();
    assert_eq!(token(&new).await.0, 400);
    let bank = [
        "clients",
        "add",
        "bank",
        "--name",
        "Bank",
        "--redirect-uri",
        "https://bank.example/cb",
        "--scope",
        "openid",
        "--profile",
        "high_security",
    ];
    program.run(&bank).refused(&["public keys"]);
    let signs = [&bank[..], &["--jwks-uri", "https://bank.example/jwks"]].concat();
    assert!(!program.run(&signs).ok().out.contains("client_secret"), "nothing secret is shared");

    // A head is signed before the service is asked to stop, for what comes next.
    for _ in 0..600 {
        if serving.get("/log/checkpoint").await.0 == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(serving.get("/log/checkpoint").await.0, 200);
    assert_eq!(serving.stop(), Some(0));
}
