//! The JSON Schema of a configuration says what the program says.

use std::path::{Path, PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::program::regulars;

/// What `regulars schema` prints, to validate with.
struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
    json: Value,
}

impl Schema {
    fn new() -> Self {
        let output = regulars(Path::new("."), &["schema"]);
        assert!(output.status.success(), "{output:?}");
        let json: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("regulars.json", json.clone()).expect("a schema");
        let index = compiler.compile("regulars.json", &mut schemas).expect("a schema of its version");
        Self { schemas, index, json }
    }

    fn accepts(&self, toml: &str) -> Result<(), String> {
        let value: Value = toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"));
        self.schemas.validate(&value, self.index).map_err(|error| format!("{error:#}"))
    }
}

fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whatever the program takes or refuses, the schema does too, as far as a schema can tell.
#[test]
fn the_schema_takes_what_the_program_takes() {
    let schema = Schema::new();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    std::fs::write(
        folder.join("o.csv"),
        "order_id,customer_id,date,amount,country\n1,a,2024-01-01,5.00,DE\n2,a,2024-02-29,5.00,DE\n",
    )
    .expect("writes");
    let check = "[input]\norders = 'o.csv'\n[report]\nactive_for = '1mo'\n[[check]]\n";
    for (text, is_fine) in [
        (
            "[input]\norders = 'o.csv'\n[report]\nactive_for = '1mo'\n[[check]]\nmetric = 'orders'\nmin = 1\n",
            true,
        ),
        (
            "[input]\norders = ['o.csv']\nmap = { customer_id = 'customer_id' }\n[report]\nactive_for = '1mo'\nmetrics = ['crr']\nci = 95\n[[check]]\nmetric = 'orders'\nmin = 1\n",
            true,
        ),
        (
            "[input]\norders = ['o.csv']\nmap = ['customer_id=customer_id']\n[report]\nactive_for = '1mo'\nby = ['country', ['country']]\n[output]\nstrict = true\nverdict_format = 'tap'\n[[check]]\nmetric = 'orders'\nmin = 1\n",
            true,
        ),
        ("[reports]\n", false),
        ("[report]\nperoid = 'month'\n", false),
        ("[report]\nperiod = 'mnth'\n", false),
        ("[input]\nperiod = 'month'\n", false),
        ("[output]\nwide = 'yes'\n", false),
        ("report = 1\n", false),
        ("[report]\nfiscal_year_start = 13\n", false),
        ("[report]\nthreads = 0\n", false),
        ("[report]\nmin_customers = -1\n", false),
        ("[report]\nci = 0.95\n[[check]]\nmetric = 'orders'\nmin = 1\n", false),
        ("[report]\nmetrics = ['crr,churn']\n", false),
        ("[output]\nwidth = -5\n", false),
        ("[input]\norders = 'o.csv'\ndecimal = 'x'\n[[check]]\nmetric = 'orders'\nmin = 1\n", false),
        (
            "[input]\norders = 'o.csv'\nmap = { amnt = 'amount' }\n[[check]]\nmetric = 'orders'\nmin = 1\n",
            false,
        ),
        ("[profiles.x]\ntitle = 'X'\n", false),
        ("[profiles.x]\ntitle = 'X'\nfingerprint = ['A']\nholdz = 1\n", false),
    ] {
        std::fs::write(folder.join("regulars.toml"), text).expect("writes");
        let output = regulars(folder, &["check"]);
        let is_refused = output.status.code() == Some(2);
        assert_eq!(!is_refused, is_fine, "{text}: {output:?}");
        assert_eq!(schema.accepts(text).is_ok(), is_fine, "{text}: {:?}", schema.accepts(text));
    }
    for (text, is_fine) in [
        ("metric = 'churn'\nmax = 100", true),
        (
            "metric = 'churn'\nmax_drop = '5 %'\nallow_missing = true\nevidence = 'interval'\nagainst = 'last-year'",
            true,
        ),
        (
            "metric = 'orders'\nmax_drop = 5\nlast = 2\nmin_customers = 3\nname = 'x'\nallow_missing = true",
            true,
        ),
        ("metric = 'orders'\nsegment = { country = '*' }\nperiod = '2024-01'\nmin = 0", true),
        ("metric = 'orders'\nsegment = { orders.country = 'DE' }\nmin = 0", true),
        ("metric = 'orders'\nmax_rise = ' +.5e1 %'\nallow_missing = true", true),
        ("metric = 'orders'\nmax_rise = '5.%'\nallow_missing = true", true),
        (
            "metric = 'orders'\nsegment = { orders.country = 'DE', orders.customer_id = '*' }\nmin = 0\nallow_missing = true",
            true,
        ),
        ("metric = 'orders'\nsegment = { x = { y = 'DE' } }\nmin = 0", false),
        ("metric = 'orders'\nmin = 0\nperiod = '2024-01'\nlast = 1", false),
        ("metric = 'orders'\nmin = 0\nagainst = 'previous'", false),
        ("metric = 'orders'\nmin = 0\nbaseline = 'x.csv'", false),
        ("metric = 'orders'\nmax_drop = 0\nagainst = 'baseline'", false),
        ("metric = 'orders'\nmin = 0\nname = ''", false),
        ("metric = 'crr_textbook'\nmin = 0\nevidence = 'interval'", false),
        ("metric = 'churn'", false),
        ("max = 3", false),
        ("metric = 'chrun'\nmax = 3", false),
        ("metric = 'crr'\nmin = '80'", false),
        ("metric = 'crr'\nmax_drop = '5'", false),
        ("metric = 'crr'\nmax_drop = -5", false),
        ("metric = 'crr'\nmin = 1\nsegment = 'DE'", false),
        ("metric = 'crr'\nmin = 1\nlast = 0", false),
        ("metric = 'crr'\nmin = 1\nmaxx = 0", false),
        ("metric = 'crr'\nmax_drop = 1\nagainst = 'last year'", false),
        ("metric = 'crr'\nmin = 1\nevidence = 'both'", false),
        ("metric = 'crr'\nmin = 1\nallow_missing = 1", false),
    ] {
        let text = format!("{check}{text}\n");
        std::fs::write(folder.join("regulars.toml"), &text).expect("writes");
        let output = regulars(folder, &["check"]);
        assert_eq!(output.status.code() != Some(2), is_fine, "{text}: {output:?}");
        assert_eq!(schema.accepts(&text).is_ok(), is_fine, "{text}: {:?}", schema.accepts(&text));
    }
}

#[test]
fn the_configurations_there_are_keep_to_the_schema() {
    let schema = Schema::new();
    let checks = std::fs::read_to_string(own("sample-data/checks.toml")).expect("reads");
    schema.accepts(&checks).expect("sample-data/checks.toml");
    // What `config` prints says every flag that has a value.
    let shown = regulars(
        Path::new("."),
        &["config", "o.csv", "--ci", "95", "--by", "a", "--map", "amount=x", "--width", "99"],
    );
    schema.accepts(&String::from_utf8_lossy(&shown.stdout)).expect("regulars config");
    // Every profile that is embedded could be one's own.
    let mut profiles = 0;
    for entry in std::fs::read_dir(own("src/input/profiles")).expect("profiles") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("reads");
        let profile: toml::Table = toml::from_str(&text).expect("TOML");
        let whole: Value = serde_json::json!({ "profiles": { "own": profile } });
        let told = schema.schemas.validate(&whole, schema.index).map_err(|error| format!("{error:#}"));
        told.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        profiles += 1;
    }
    assert!(profiles > 20);
}

/// The names of its keys are those that the program names when it knows none.
#[test]
fn the_schema_has_every_key() {
    let schema = Schema::new();
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let keys = |pointer: &str| {
        let properties = schema.json.pointer(pointer).and_then(Value::as_object).expect(pointer);
        let mut keys: Vec<String> = properties.keys().cloned().collect();
        keys.sort();
        keys
    };
    let named = |text: &str| {
        std::fs::write(folder.join("regulars.toml"), text).expect("writes");
        let output = regulars(folder, &["check", "o.csv"]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let (_, list) =
            errors.split_once("the keys are ").or(errors.split_once("expected one of ")).expect(&errors);
        let list = list.lines().next().expect("a line");
        let mut keys: Vec<String> = list.split(", ").map(|key| key.trim_matches('`').to_owned()).collect();
        keys.sort();
        keys
    };
    // What --help lists is somewhere in the file; the names of files stand in `orders`.
    let mut in_sections: Vec<String> = Vec::new();
    for section in ["input", "report", "output"] {
        let own = keys(&format!("/properties/{section}/properties"));
        assert_eq!(own, named(&format!("[{section}]\nqqqq = 1\n")));
        in_sections.extend(own);
    }
    in_sections.sort();
    let mut flags = vec!["orders".to_owned(), "verdicts".to_owned(), "verdict_format".to_owned()];
    std::fs::remove_file(folder.join("regulars.toml")).expect("removes");
    for command in ["report", "check"] {
        let help = String::from_utf8(regulars(folder, &[command, "--help"]).stdout).expect("UTF-8");
        for (before, rest) in help.lines().filter_map(|line| line.trim_start().split_once("--")) {
            let flag: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let key = flag.replace('-', "_");
            let is_flag = before.is_empty() || (before.starts_with('-') && before.ends_with(", "));
            if is_flag && !["config", "help", ""].contains(&key.as_str()) && !flags.contains(&key) {
                flags.push(key);
            }
        }
    }
    flags.sort();
    assert_eq!(in_sections, flags);
    assert_eq!(keys("/properties"), named("[qqqq]\n"));
    assert_eq!(keys("/properties/check/items/properties"), named("[[check]]\nqqqq = 1\n"));
    let profile = keys("/properties/profiles/additionalProperties/properties");
    assert_eq!(profile, named("[[check]]\nmetric = 'crr'\nmin = 1\n[profiles.x]\nqqqq = 1\n"));
}
