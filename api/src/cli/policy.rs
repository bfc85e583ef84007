//! `luqu policy`: list the shipped policies, check a file, say in words what a policy means and does.

use std::fmt::Write as _;
use std::path::Path;

use luqu_engine::domain::{Fault, policy_warnings};
use luqu_engine::explain_policy::{Answer, Explanation, Said, Scope, Verdict, explain, judge};
use luqu_engine::policy::{Policy, Refusal};
use luqu_fixtures::policies::{SHIPPED, find};

use super::{Exit, data, say};
use crate::error::Failure;
use crate::tables::{Located, files, report};

/// The arguments of `luqu policy`.
#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(clap::Subcommand)]
enum Act {
    /// 列出随程序附带的政策
    List {
        /// 以 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 检查一份政策文件，指出每一处不成立的规则
    Check {
        /// 政策文件，或附带政策的名称
        policy: String,
        /// 以 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 用文字说明一份政策，并算出它的性质和最小反例
    Explain {
        /// 政策文件，或附带政策的名称
        policy: String,
        /// 语言
        #[arg(long, value_enum, default_value_t = Lang::Zh)]
        lang: Lang,
        /// 以 JSON 输出，含两种语言
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Lang {
    Zh,
    En,
}

impl Lang {
    fn of(self, said: &Said) -> &str {
        match self {
            Self::Zh => &said.zh,
            Self::En => &said.en,
        }
    }

    const fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

pub(super) fn run(args: Args) -> Result<Exit, Failure> {
    match args.act {
        Act::List { json } => list(json),
        Act::Check { policy, json } => check(&policy, json),
        Act::Explain { policy, lang, json } => explain_one(&policy, lang, json),
    }
}

fn list(json: bool) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    for shipped in SHIPPED {
        let policy = Policy::load(shipped.text, None)
            .map_err(|r| Failure::Internal(format!("{}: {r:?}", shipped.name)))?;
        rows.push((shipped.name, policy.district, policy.year));
    }
    if json {
        let rows: Vec<_> = rows
            .into_iter()
            .map(|(name, district, year)| {
                serde_json::json!({ "name": name, "district": district, "year": year })
            })
            .collect();
        data(format_args!("{:#}\n", serde_json::Value::from(rows)))?;
    } else {
        for (name, district, year) in rows {
            data(format_args!("{name:<16}{district} {year}\n"))?;
        }
    }
    Ok(Exit::Ok)
}

/// The text of a shipped policy, or of a file; a file wins where both exist.
fn text_of(policy: &str) -> Result<String, Failure> {
    let path = Path::new(policy);
    if path.is_file() {
        let bytes = files::read_regular(path, files::MOST_POLICY).map_err(Failure::io(path))?;
        return String::from_utf8(bytes)
            .map_err(|_| Failure::Usage(format!("{policy} 不是 UTF-8 文本，请另存为 UTF-8")));
    }
    find(policy).map(|s| s.text.to_owned()).ok_or_else(|| {
        let names: Vec<&str> = SHIPPED.iter().map(|s| s.name).collect();
        Failure::NotFound(format!("没有文件或附带政策 {policy}；附带的有：{}", names.join("、")))
    })
}

fn check(name: &str, json: bool) -> Result<Exit, Failure> {
    let loaded = Policy::load(&text_of(name)?, None);
    let refusals = loaded.as_ref().err().cloned().unwrap_or_default();
    let warnings = loaded.as_ref().map(policy_warnings).unwrap_or_default();
    if json {
        let rows: Vec<_> = refusals.iter().map(refusal_json).collect();
        let warnings: Vec<_> = warnings.iter().map(warning_json).collect();
        let ok = rows.is_empty();
        let all = serde_json::json!({ "ok": ok, "refusals": rows, "warnings": warnings });
        data(format_args!("{all:#}\n"))?;
    } else if let Ok(policy) = &loaded {
        let located = warnings.into_iter().map(|fault| Located::in_file(fault, name));
        let warnings: Vec<Located> = located.collect();
        // A closed stderr is nobody's fault.
        let _ = report::list(&mut anstream::stderr().lock(), &warnings, 0, warnings.len());
        let (batches, categories) = (policy.batches.len(), policy.categories.len());
        data(format_args!("{name}：可用。{batches} 个批次，{categories} 个类别\n"))?;
    } else {
        say(format_args!("{}", refusals_text(name, &refusals).trim_end()));
    }
    Ok(if refusals.is_empty() { Exit::Ok } else { Exit::Faults })
}

fn refusal_json(refusal: &Refusal) -> serde_json::Value {
    serde_json::json!({
        "kind": refusal.kind,
        "path": refusal.path,
        "line": refusal.line,
        "message": refusal.message,
        "why": refusal.kind.why(),
        "example": refusal.kind.example(),
    })
}

fn warning_json(warning: &Fault) -> serde_json::Value {
    serde_json::json!({
        "code": warning.code,
        "path": warning.column,
        "found": warning.found,
        "expected": warning.expected,
        "help": warning.help,
    })
}

/// The refusals as a compiler would list them; each kind is explained once, where it comes first.
fn refusals_text(name: &str, refusals: &[Refusal]) -> String {
    let mut text = String::new();
    for (at, refusal) in refusals.iter().enumerate() {
        let line = refusal.line.map(|n| format!(":{n}")).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "error: {}", refusal.message);
        let _ = writeln!(text, "  --> {name}{line}   {}", refusal.path);
        if !refusals[..at].iter().any(|r| r.kind == refusal.kind) {
            let _ = writeln!(text, "  why: {}", refusal.kind.why());
            let _ = writeln!(text, "       {}", refusal.kind.example());
        }
    }
    let _ = writeln!(text, "{name}：共 {} 处不成立", refusals.len());
    text
}

fn explain_one(name: &str, lang: Lang, json: bool) -> Result<Exit, Failure> {
    let policy = match Policy::load(&text_of(name)?, None) {
        Ok(policy) => policy,
        Err(refusals) => {
            say(format_args!("{}", refusals_text(name, &refusals).trim_end()));
            return Ok(Exit::Faults);
        }
    };
    let (words, verdicts) = (explain(&policy), judge(&policy));
    if json {
        let all = serde_json::json!({ "policy": words, "properties": verdicts });
        data(format_args!("{all:#}\n"))?;
    } else {
        let (rules, properties) = (rules_text(&words, lang), properties_text(&verdicts, lang));
        data(format_args!("{rules}{properties}"))?;
    }
    Ok(Exit::Ok)
}

fn section(text: &mut String, heading: &str, lines: &[Said], lang: Lang) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{heading}");
    for line in lines {
        let _ = writeln!(text, "  · {}", lang.of(line));
    }
}

fn rules_text(words: &Explanation, lang: Lang) -> String {
    let mut text = format!("{}\n", lang.of(&words.title));
    section(&mut text, lang.pick("法定数字", "Legal numbers"), &words.limits, lang);
    section(&mut text, lang.pick("总分", "Total"), &words.total, lang);
    for batch in &words.batches {
        section(&mut text, lang.of(&batch.heading), &batch.lines, lang);
    }
    section(&mut text, lang.pick("指标分配", "Quota seats"), &words.quota, lang);
    if !words.pending.is_empty() {
        let _ = writeln!(text, "\n{}", lang.pick("待定或待核", "Pending"));
        for (path, source) in &words.pending {
            let _ = writeln!(text, "  · {path}：{source}");
        }
    }
    text
}

fn properties_text(verdicts: &[Verdict], lang: Lang) -> String {
    let mut text = String::new();
    let mut last = None;
    for verdict in verdicts {
        if last != Some(verdict.scope) {
            last = Some(verdict.scope);
            let heading = match verdict.scope {
                Scope::Batch => lang.pick("性质：单独看每个批次", "Properties of each batch alone"),
                Scope::Season => lang.pick("性质：整个招生季", "Properties of the whole season"),
            };
            let _ = writeln!(text, "\n{heading}");
        }
        let n = verdict.markets;
        let answer = match (verdict.answer, lang) {
            (Answer::Holds, Lang::Zh) => format!("成立（{n} 个小市场中没有反例）"),
            (Answer::Holds, Lang::En) => format!("holds ({n} small markets, no counter-example)"),
            (Answer::Broken, Lang::Zh) => format!("不成立（第 {n} 个小市场即是反例，已化到最简）"),
            (Answer::Broken, Lang::En) => format!("broken (small market {n}, cut down)"),
            (Answer::NotPromised, Lang::Zh) => {
                format!("不保证（理论上不保证；{n} 个小市场中没有找到反例）")
            }
            (Answer::NotPromised, Lang::En) => {
                format!("not promised by theory ({n} small markets, none breaks it)")
            }
        };
        let _ = writeln!(text, "  {}", lang.of(&verdict.property.words()));
        let _ = writeln!(text, "    → {answer}");
        let _ = writeln!(text, "      {}", lang.of(&verdict.reason));
        for line in &verdict.example {
            let _ = writeln!(text, "      | {}", lang.of(line));
        }
    }
    text
}
