//! Flags that are not on the command line: from the environment, else from the configuration file.
//!
//! Whatever a flag can say, the file and the environment can: their values become arguments, and clap reads all of
//! them in one way. So nothing here knows what a flag means.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _, Parser as _, ValueEnum as _};

use super::args::Arguments;
use super::choices::LogFormatArgument;
use super::flags::{CONFIG, Flag, Given, Origin, Section, commands};
use super::message::speak_json;
use crate::config::{Document, Item, Key, Value};
use crate::error::{Error, nearest};

/// The file that is read where none is named.
pub(super) const DEFAULT_FILE: &str = "regulars.toml";

/// The flag that says how messages are written.
const LOG_FORMAT: &str = "log_format";

/// Before the names of flags in the environment.
const PREFIX: &str = "REGULARS_";

/// The other keys that a file may have.
const TABLES: [&str; 2] = ["check", "profiles"];

/// The values that decide a run, and where they came from.
pub(super) struct Resolved {
    pub(super) arguments: Arguments,
    pub(super) matches: ArgMatches,
    /// The configuration file, where there is one.
    pub(super) document: Option<Document>,
    /// All flags that a file can say.
    pub(super) flags: Vec<Flag>,
    given: Vec<Given>,
    /// What is given to other commands.
    elsewhere: Vec<Given>,
}

/// Why there are none.
pub(super) enum Refused {
    Clap(clap::Error),
    Known(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Known(error)
    }
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::Clap(error)
    }
}

/// The values of a command line with those that it leaves out.
pub(super) fn resolve(
    arguments: &[OsString],
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Resolved, Refused> {
    let command = Arguments::command();
    let environment: Vec<(OsString, OsString)> = environment.collect();
    // First of all, so that whatever is wrong is said as it is asked for.
    let logs = log_format_on_line(arguments);
    speak(logs.clone().or_else(|| log_format_in(&environment)).as_deref());
    // What the command line says by itself, whether or not it is enough.
    let lenient = command.clone().ignore_errors(true).mut_subcommands(|sub| sub.ignore_errors(true));
    let on_line = lenient.try_get_matches_from(arguments)?;
    let Some((name, said)) = on_line.subcommand() else {
        command.try_get_matches_from(arguments)?;
        return Err(Error::usage("no command is given").into());
    };
    let on_line = |key: &str| {
        said.try_contains_id(key).unwrap_or(false) && said.value_source(key) == Some(ValueSource::CommandLine)
    };
    let commands = commands();
    let flags = Flag::all(&commands);
    let command_of = commands.find_subcommand(name).cloned().unwrap_or_default();
    let is_known = |key: &str| command_of.get_arguments().any(|arg| arg.get_id() == key);
    let mut given = Vec::new();
    let mut document = None;
    if is_known(CONFIG) {
        given = of_environment(&flags, environment.into_iter())?;
        let named = config_path(said, &given);
        let is_named = named.is_some();
        let path = named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
        document = path.as_deref().map(Document::open).transpose()?;
        // The environment goes before the file, and the command line before both.
        if let Some(document) = &document {
            let is_free = |value: &Given| !given.iter().any(|other| other.key == value.key);
            if logs.is_none() && !given.iter().any(|given| given.key == LOG_FORMAT) {
                speak(log_format_of(document).as_deref());
            }
            let of_file: Vec<Given> = of_document(&flags, document)?.into_iter().filter(is_free).collect();
            given.extend(of_file);
        }
        if let Some(path) = path.filter(|_| !is_named) {
            given.push(Given::config(path.display().to_string(), Origin::Default));
        }
    } else if logs.is_none() && log_format_in(&environment).is_none() {
        // Commands that need no configuration do not complain of one.
        let there = Document::open(Path::new(DEFAULT_FILE)).ok();
        speak(there.as_ref().and_then(log_format_of).as_deref());
    }
    let applies = |key: &str| match (name, key) {
        ("report" | "config" | "check", _) | (_, LOG_FORMAT | CONFIG) => true,
        // `init` writes what the file is to be; others are given the files to look at.
        ("init", _) | (_, "orders" | "customers") => false,
        _ => flags.iter().any(|flag| flag.key == key && flag.section == Section::Input),
    };
    given.retain(|value| !on_line(&value.key));
    let (given, elsewhere): (Vec<Given>, Vec<Given>) =
        given.into_iter().partition(|value| is_known(&value.key) && applies(&value.key));

    let all = with_given(arguments, name, &given);
    let parsed = command.clone().try_get_matches_from(&all);
    let matches = match parsed {
        Ok(matches) => matches,
        Err(error) => return Err(explain(error, &command_of, &given)),
    };
    let arguments = Arguments::from_arg_matches(&matches)?;
    Ok(Resolved { arguments, matches, document, flags, given, elsewhere })
}

/// Messages in the format that is asked for, from now on.
fn speak(format: Option<&str>) {
    if format.and_then(|name| LogFormatArgument::from_str(name, false).ok()) == Some(LogFormatArgument::Json)
    {
        speak_json();
    }
}

/// The format that a command line asks for, also one that is no command line.
fn log_format_on_line(arguments: &[OsString]) -> Option<String> {
    let flag = "--log-format";
    arguments.iter().enumerate().find_map(|(at, argument)| {
        let text = argument.to_str()?;
        if text == flag {
            return arguments.get(at + 1)?.to_str().map(str::to_owned);
        }
        text.strip_prefix(flag)?.strip_prefix('=').map(str::to_owned)
    })
}

fn log_format_in(environment: &[(OsString, OsString)]) -> Option<String> {
    let name = format!("{PREFIX}{}", LOG_FORMAT.to_uppercase());
    let (_, value) = environment.iter().find(|(variable, _)| *variable == *name)?;
    value.to_str().map(str::to_owned)
}

fn log_format_of(document: &Document) -> Option<String> {
    let Value::Table(entries) = &document.get(Section::Output.name())?.value else { return None };
    match &entries.iter().find(|(key, _)| key.name == LOG_FORMAT)?.1.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The file named on the command line, else in the environment.
fn config_path(said: &ArgMatches, environment: &[Given]) -> Option<PathBuf> {
    let on_line = said.try_get_one::<PathBuf>(CONFIG).ok().flatten().cloned();
    let named = || environment.iter().find(|given| given.key == CONFIG)?.values.first().map(PathBuf::from);
    on_line.or_else(named)
}

/// The arguments with those given elsewhere: flags behind the command, files at the end.
fn with_given(arguments: &[OsString], name: &str, given: &[Given]) -> Vec<OsString> {
    // Not the program's own name.
    let behind = arguments.iter().skip(1).position(|argument| argument == name).map_or(0, |at| at + 2);
    let (files, flags): (Vec<&Given>, Vec<&Given>) = given.iter().partition(|given| given.is_positional);
    let mut all = arguments[..behind].to_vec();
    all.extend(flags.into_iter().flat_map(Given::arguments));
    all.extend_from_slice(&arguments[behind..]);
    let files: Vec<OsString> = files.into_iter().flat_map(Given::arguments).collect();
    if !files.is_empty() {
        if !all.iter().any(|argument| argument == "--") {
            all.push("--".into());
        }
        all.extend(files);
    }
    all
}

/// What clap has to say of values, with the place where they stand if that is not the command line.
fn explain(error: clap::Error, command: &Command, given: &[Given]) -> Refused {
    if !error.use_stderr() {
        return error.into();
    }
    for value in given.iter().filter(|given| !given.is_positional) {
        let alone = std::iter::once(OsString::from(command.get_name())).chain(value.arguments());
        let lenient = command.clone().mut_args(|arg| arg.required(false));
        let Err(error) = lenient.try_get_matches_from(alone) else { continue };
        if matches!(
            error.kind(),
            clap::error::ErrorKind::InvalidValue | clap::error::ErrorKind::ValueValidation
        ) {
            let text = error.render().to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            let mut lines =
                text.lines().filter(|line| !line.is_empty()).take_while(|line| !line.starts_with("For more"));
            let message = lines.next().unwrap_or_default().to_owned();
            let hint: Vec<&str> = lines.map(str::trim).collect();
            let known = Error::usage(format!("{}: {message}", value.origin));
            return Refused::Known(if hint.is_empty() { known } else { known.hint(hint.join("; ")) });
        }
    }
    let text = error.render().to_string();
    let text = text.split("\n\nUsage").next().unwrap_or(&text);
    let text = text.split("\n\nFor more information").next().unwrap_or(text);
    let mentioned = origins(given, &[text]);
    if given.is_empty() {
        return error.into();
    }
    // Clap's own usage would show what stands elsewhere as if it had been typed.
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let next = if mentioned.is_empty() {
        vec![format!("regulars {} --help lists the flags", command.get_name())]
    } else {
        mentioned
    };
    Refused::Known(Error::usage(text).hint(next.join("; ")))
}

/// Where the flags that texts name came from.
fn origins(given: &[Given], texts: &[impl AsRef<str>]) -> Vec<String> {
    let named = |given: &&Given| texts.iter().any(|text| mentions(text.as_ref(), &given.flag));
    given.iter().filter(named).map(|given| format!("{} comes from {}", given.flag, given.origin)).collect()
}

/// Whether a text names a flag.
fn mentions(text: &str, flag: &str) -> bool {
    text.match_indices(flag).any(|(at, _)| {
        let next = text[at + flag.len()..].chars().next();
        next.is_none_or(|next| !next.is_alphanumeric() && next != '-')
    })
}

fn of_environment(
    flags: &[Flag],
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<Given>, Error> {
    let mut given = Vec::new();
    for (variable, value) in environment {
        let Some(name) = variable.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let variable = format!("{PREFIX}{name}");
        let complain = |what: &str| Error::usage(format!("the environment variable {variable}: {what}"));
        let key = name.to_lowercase();
        let value = value.into_string().map_err(|_| complain("it is no UTF-8"))?;
        let origin = Origin::Environment(variable.clone());
        if key == CONFIG && value.is_empty() {
            continue;
        }
        if key == CONFIG {
            given.push(Given::config(value, origin));
            continue;
        }
        let Some(flag) = flags.iter().find(|flag| flag.key == key) else {
            let names = flags.iter().map(|flag| flag.key.as_str()).chain([CONFIG]);
            let error = complain("there is no flag of this name");
            return Err(match nearest(&key, names) {
                Some(near) => error.hint(format!("did you mean {PREFIX}{}?", near.to_uppercase())),
                None => error,
            });
        };
        let value = match (flag.is_switch(), value.as_str()) {
            (true, "1" | "true" | "yes") => "true".to_owned(),
            (true, "0" | "false" | "no" | "") => "false".to_owned(),
            (true, _) => return Err(complain("it is true or false")),
            (false, _) => value,
        };
        given.push(Given::of(flag, vec![value], origin));
    }
    given.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(given)
}

fn of_document(flags: &[Flag], document: &Document) -> Result<Vec<Given>, Error> {
    let mut given = Vec::new();
    for (key, item) in &document.root {
        let Some(section) = Section::ALL.into_iter().find(|section| section.name() == key.name) else {
            if TABLES.contains(&key.name.as_str()) {
                continue;
            }
            return Err(document.unknown(key, Section::ALL.into_iter().map(Section::name).chain(TABLES)));
        };
        let Value::Table(entries) = &item.value else {
            let what = format!("{0} is a table: write [{0}]", section.name());
            return Err(document.complain(item.place, what));
        };
        for (key, item) in entries {
            given.push(of_entry(flags, document, section, key, item)?);
        }
    }
    Ok(given)
}

fn of_entry(
    flags: &[Flag],
    document: &Document,
    section: Section,
    key: &Key,
    item: &Item,
) -> Result<Given, Error> {
    let Some(flag) = flags.iter().find(|flag| flag.key == key.name) else {
        let keys: Vec<&str> =
            flags.iter().filter(|flag| flag.section == section).map(|flag| flag.key.as_str()).collect();
        return Err(document.unknown(key, keys));
    };
    if flag.section != section {
        return Err(
            document.complain(key.place, format!("{} belongs to [{}]", key.name, flag.section.name()))
        );
    }
    let values = match &item.value {
        Value::Switch(switch) if flag.is_switch() => vec![switch.to_string()],
        Value::Table(entries) if flag.is_list() && key.name.starts_with("map") => entries
            .iter()
            .map(|(field, column)| Ok(format!("{}={}", field.name, scalar(document, column, &field.name)?)))
            .collect::<Result<_, Error>>()?,
        Value::List(items) if flag.is_list() => items
            .iter()
            .map(|item| match &item.value {
                // Columns that are crossed.
                Value::List(crossed) => crossed
                    .iter()
                    .map(|item| scalar(document, item, &key.name))
                    .collect::<Result<Vec<_>, _>>()
                    .map(|texts| texts.join(",")),
                _ => scalar(document, item, &key.name),
            })
            .collect::<Result<_, Error>>()?,
        _ if flag.is_switch() => {
            let what = format!("{} is true or false, not {}", key.name, item.value.kind());
            return Err(document.complain(item.place, what));
        }
        _ => vec![scalar(document, item, &key.name)?],
    };
    // A list has its own commas.
    let splits = flag.arg.get_value_delimiter().filter(|_| matches!(item.value, Value::List(_)));
    if let Some(value) = splits.and_then(|mark| values.iter().find(|value| value.contains(mark))) {
        let what = format!("{}: \"{value}\" has a comma, which stands between values", key.name);
        return Err(document.complain(item.place, what));
    }
    let values =
        if flag.is_path() { values.iter().map(|path| document.path(path)).collect() } else { values };
    Ok(Given::of(flag, values, Origin::File(document.name.clone(), key.place)))
}

fn scalar(document: &Document, item: &Item, key: &str) -> Result<String, Error> {
    match &item.value {
        Value::Text(text) | Value::Date(text) => Ok(text.clone()),
        // 1_000 is 1000, and 0x10 is 16.
        Value::Number(value, text) if text.starts_with('0') && text.contains(['x', 'o', 'b']) => {
            Ok(value.to_string())
        }
        Value::Number(_, text) => Ok(text.replace('_', "")),
        other => {
            Err(document.complain(item.place, format!("{key} is a text or a number, not {}", other.kind())))
        }
    }
}

/// A command with the values of these keys, and no others. `config`: the configuration file.
pub(super) fn command_of(
    name: &str,
    configuration: &BTreeMap<String, serde_json::Value>,
    config: Option<String>,
) -> Result<super::args::Command, Error> {
    let flags = Flag::all(&commands());
    let mut given = Vec::new();
    for (key, value) in configuration {
        let flag = flags.iter().find(|flag| flag.key == *key);
        let flag = flag.ok_or_else(|| Error::input(format!("this version has no flag \"{key}\"")))?;
        let text = |value: &serde_json::Value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let values = match value {
            serde_json::Value::Array(values) => values.iter().map(text).collect(),
            value => vec![text(value)],
        };
        given.push(Given::of(flag, values, Origin::CommandLine));
    }
    given.extend(config.map(|path| Given::config(path, Origin::CommandLine)));
    let line = ["regulars", name].map(OsString::from);
    let all = with_given(&line, name, &given);
    let arguments = Arguments::try_parse_from(all).map_err(|error| {
        Error::input(format!("this version refuses the flags: {}", error.render().to_string().trim()))
    })?;
    Ok(arguments.command)
}

impl Resolved {
    /// Where the value of a key came from, and its values as they are written; `None` where it has none.
    pub(super) fn value(&self, flag: &Flag) -> Option<(Vec<String>, Origin)> {
        let elsewhere = self.elsewhere.iter().find(|given| given.key == flag.key);
        elsewhere.map(|given| (given.values.clone(), given.origin.clone())).or_else(|| self.own_value(flag))
    }

    /// The same, of the flags that the command has.
    pub(super) fn own_value(&self, flag: &Flag) -> Option<(Vec<String>, Origin)> {
        let (_, matches) = self.matches.subcommand()?;
        let source = matches.try_contains_id(&flag.key).ok().and_then(|_| matches.value_source(&flag.key))?;
        let origin = match (source, self.given.iter().find(|given| given.key == flag.key)) {
            (_, Some(given)) => given.origin.clone(),
            (ValueSource::DefaultValue, None) => Origin::Default,
            (_, None) => Origin::CommandLine,
        };
        if flag.is_switch() {
            return Some((vec![matches.get_flag(&flag.key).to_string()], origin));
        }
        let shown = |value: &OsStr| value.to_string_lossy().into_owned();
        Some((matches.get_raw(&flag.key)?.map(shown).collect(), origin))
    }

    /// Where the flags that a message names came from, if not from the command line.
    pub(super) fn origins_in(&self, messages: &[String]) -> Vec<String> {
        origins(&self.given, messages)
    }
}
