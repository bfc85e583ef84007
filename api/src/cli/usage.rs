//! The parser of the command line in the words of its users: pages of help and usage errors in Chinese.

use std::fmt::Write as _;
use std::num::{IntErrorKind, ParseIntError};

use clap::builder::{PossibleValue, StyledStr};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Error};

use crate::tables::located::echoed;

const TEMPLATE: &str = "{before-help}{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}";

/// The command with all that the parser itself says in Chinese, its subcommands too.
pub(super) fn in_chinese(command: Command) -> Command {
    let mut command = described(command);
    // Only now there is a subcommand for help.
    command.build();
    name_help(command)
}

fn described(command: Command) -> Command {
    let mut place = 0;
    command
        .help_template(TEMPLATE)
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .arg(Arg::new("help").short('h').long("help").action(ArgAction::Help).help("显示帮助"))
        .arg(
            Arg::new("version")
                .short('V')
                .long("version")
                .action(ArgAction::Version)
                .help("显示版本"),
        )
        .mut_args(|arg| {
            if arg.is_positional() {
                place += 1;
                // Under a heading of their own they would be sorted by name.
                with_values(arg.help_heading("参数").display_order(place))
            } else {
                with_values(arg.help_heading("选项"))
            }
        })
        .mut_subcommands(described)
}

/// Says the default and the values of an argument in its help, which the parser would in English.
fn with_values(arg: Arg) -> Arg {
    if !arg.get_action().takes_values() {
        return arg;
    }
    let mut words = arg.get_help().map(ToString::to_string).unwrap_or_default();
    // Writing to a string cannot fail.
    if !arg.is_hide_possible_values_set() {
        let named = |value: &PossibleValue| match value.get_help() {
            Some(help) => format!("{}（{help}）", value.get_name()),
            None => value.get_name().to_owned(),
        };
        let values: Vec<String> = arg.get_possible_values().iter().map(named).collect();
        if !values.is_empty() {
            let _ = write!(words, " [可选 {}]", values.join("、"));
        }
    }
    if !arg.is_hide_default_value_set() {
        let values: Vec<_> = arg.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
        if !values.is_empty() {
            let _ = write!(words, " [默认 {}]", values.join("、"));
        }
    }
    if let Some(name) = arg.get_env().filter(|_| !arg.is_hide_env_set()) {
        let _ = write!(words, " [环境变量 {}]", name.to_string_lossy());
    }
    arg.help(words).hide_default_value(true).hide_possible_values(true).hide_env(true)
}

fn name_help(command: Command) -> Command {
    command.mut_subcommands(|sub| match sub.get_name() {
        "help" => sub.about("显示帮助，或某个命令的帮助"),
        _ => name_help(sub),
    })
}

/// What is wrong with the arguments, how they should be, and where to read more; nothing for what is no error of
/// theirs, such as help that was asked for.
pub(super) fn told(error: &Error) -> Option<String> {
    let texts = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => vec![echoed(text)],
        Some(ContextValue::Strings(texts)) => texts.iter().map(|t| echoed(t)).collect(),
        _ => Vec::new(),
    };
    let text = |kind| texts(kind).join("、");
    let number = |kind| match error.get(kind) {
        Some(ContextValue::Number(number)) => number.to_string(),
        _ => "？".to_owned(),
    };
    let (arg, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    let mut words = match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("缺少参数：{arg}"),
        ErrorKind::UnknownArgument => format!("没有这个参数：{arg}"),
        ErrorKind::InvalidSubcommand => {
            format!("没有这个命令：{}", text(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingSubcommand => "缺少子命令".to_owned(),
        ErrorKind::InvalidValue if value.is_empty() => format!("{arg} 后面缺少值"),
        ErrorKind::InvalidValue => format!("{arg} 的值“{value}”不在可选范围内"),
        ErrorKind::ValueValidation => {
            format!("{arg} 的值“{value}”不合要求{}", reason(error))
        }
        ErrorKind::ArgumentConflict => match texts(ContextKind::PriorArg) {
            others if others.is_empty() || others.contains(&arg) => format!("{arg} 只能给出一次"),
            others => format!("{arg} 不能与 {} 同时使用", others.join("、")),
        },
        ErrorKind::TooManyValues => format!("{arg} 多出了值“{value}”"),
        ErrorKind::TooFewValues => {
            format!("{arg} 至少要 {} 个值", number(ContextKind::MinValues))
        }
        ErrorKind::WrongNumberOfValues => {
            format!("{arg} 要 {} 个值", number(ContextKind::ExpectedNumValues))
        }
        ErrorKind::NoEquals => format!("{arg} 与值之间要用等号"),
        ErrorKind::InvalidUtf8 => "参数中有无法识别的字符（不是 UTF-8）".to_owned(),
        _ => return None,
    };
    for (kind, label) in [
        (ContextKind::ValidValue, "可选"),
        (ContextKind::ValidSubcommand, "子命令"),
        (ContextKind::SuggestedSubcommand, "是不是"),
        (ContextKind::SuggestedArg, "是不是"),
        (ContextKind::SuggestedValue, "是不是"),
    ] {
        let list = text(kind);
        if !list.is_empty() {
            let _ = write!(words, "\n  {label}：{list}");
        }
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let _ = write!(words, "\n\n{}", in_words(usage));
    }
    Some(words + "\n\n加 --help 可查看说明。")
}

/// Why a value is not what its argument takes.
fn reason(error: &Error) -> String {
    use std::error::Error as _;
    let Some(source) = error.source() else { return String::new() };
    match source.downcast_ref::<ParseIntError>().map(ParseIntError::kind) {
        Some(IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => "：数值太大".to_owned(),
        Some(_) => "：须是整数".to_owned(),
        None => match source.to_string().split_once(" is not in ") {
            Some((_, range)) => format!("：须在 {range} 之内"),
            None => format!("：{source}"),
        },
    }
}

/// A usage without styles and with a Chinese heading.
fn in_words(usage: &StyledStr) -> String {
    let usage = usage.to_string();
    match usage.strip_prefix("Usage: ") {
        Some(usage) => format!("用法：{usage}"),
        None => usage,
    }
}
