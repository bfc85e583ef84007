//! `violations.html`: the findings rule by rule, each with the words of the policy, to read and to print
//! on A4. One file without scripts; it asks nothing of any network.

use std::fmt::Write as _;

use luqu_engine::domain::{Severity, digest};
use luqu_engine::rules::Violation;

use super::{ByRule, Findings, violations_csv};

/// Rows of one rule that a page shows; `violations.csv` has all.
const MOST_ROWS: usize = 2_000;

/// The page. Everything that comes from outside is escaped.
pub fn page(findings: &Findings<'_>) -> String {
    let policy = findings.season.policy();
    let rules = findings.by_rule();
    let mut out = String::with_capacity(8_192 + 400 * findings.violations.len());
    let district = escape(&policy.district);
    let title = format!("{district} {} 年高中招生违规核查单", policy.year);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n\
         <header>\n<h1>{title}</h1>\n<p class=\"meta\">招生季 {} · 核查范围：{}</p>\n</header>\n",
        include_str!("page.css"),
        escape(&policy.id),
        findings.scope(),
    );
    verdict(&mut out, findings);
    summary(&mut out, &rules);
    for rule in rules.iter().filter(|r| !r.violations.is_empty()) {
        section(&mut out, findings, rule);
    }
    let digest = digest::of_bytes(&violations_csv(findings.violations));
    let _ = write!(
        out,
        "<div class=\"sign\"><span>核查人</span><span>复核人</span><span>日期</span></div>\n\
         <footer>violations.csv 的 SHA-256 摘要：{digest}</footer>\n</body>\n</html>\n",
    );
    out
}

fn verdict(out: &mut String, findings: &Findings<'_>) {
    let errors = findings.errors();
    let warnings = findings.violations.len() - errors;
    let rules = findings.by_rule().iter().filter(|r| r.errors() > 0).count();
    let _ = match (errors, warnings) {
        (0, 0) => writeln!(out, "<p class=\"verdict\">所检查的规则均未发现违规。</p>"),
        (0, _) => writeln!(
            out,
            "<p class=\"verdict\">未发现违规；有 <b>{warnings}</b> 处提醒，须按专项方案整改。</p>"
        ),
        (_, 0) => writeln!(
            out,
            "<p class=\"verdict bad\">发现违规 <b>{errors}</b> 处，涉及 <b>{rules}</b> 项规则。</p>"
        ),
        _ => writeln!(
            out,
            "<p class=\"verdict bad\">发现违规 <b>{errors}</b> 处，涉及 <b>{rules}</b> 项规则；\
             另有 <b>{warnings}</b> 处提醒。</p>"
        ),
    };
}

fn summary(out: &mut String, rules: &[ByRule<'_>]) {
    out.push_str(
        "<div class=\"scroll\"><table class=\"summary\">\n<thead><tr><th>代码</th><th>规则</th>\
         <th>要求</th><th>结果</th></tr></thead>\n<tbody>\n",
    );
    for r in rules {
        let code = r.rule.code;
        let class = if r.errors() > 0 {
            "error"
        } else if r.warnings() > 0 {
            "warning"
        } else {
            "none"
        };
        let name = if r.violations.is_empty() {
            r.rule.name.to_owned()
        } else {
            format!("<a href=\"#{code}\">{}</a>", r.rule.name)
        };
        let _ = writeln!(
            out,
            "<tr><td>{code}</td><td class=\"short\">{name}</td><td>{}</td>\
             <td class=\"{class}\">{}</td></tr>",
            r.rule.demand,
            r.state()
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn section(out: &mut String, findings: &Findings<'_>, by_rule: &ByRule<'_>) {
    let rule = by_rule.rule;
    let _ = write!(
        out,
        "<section id=\"{code}\">\n<h2><span class=\"code\">{code}</span>{}\
         <span class=\"count\">{}</span></h2>\n\
         <p class=\"law\">{} 依据：实施方案第{}条 <q>{}</q></p>\n",
        rule.name,
        by_rule.state(),
        rule.demand,
        rule.item,
        rule.quote,
        code = rule.code,
    );
    // Columns that no row of this rule fills are left out: classes have no applicant.
    let people = by_rule.violations.iter().any(|v| !v.applicant.is_empty());
    let seats = by_rule.violations.iter().any(|v| !v.batch.is_empty());
    let optional = |shown: bool, html: &'static str| if shown { html } else { "" };
    let _ = writeln!(
        out,
        "<div class=\"scroll\"><table>\n<colgroup><col class=\"level\"><col class=\"school\">{}{}<col>\
         </colgroup>\n<thead><tr><th>级别</th><th>学校</th>{}{}<th>发现与规定</th></tr></thead>\n<tbody>",
        optional(people, "<col class=\"who\">"),
        optional(seats, "<col class=\"seat\">"),
        optional(people, "<th>报名号</th>"),
        optional(seats, "<th>批次、类别</th>"),
    );
    for violation in by_rule.violations.iter().take(MOST_ROWS) {
        row(out, findings, violation, people, seats);
    }
    out.push_str("</tbody>\n</table></div>\n");
    let hidden = by_rule.violations.len().saturating_sub(MOST_ROWS);
    if hidden > 0 {
        let _ = writeln!(out, "<p class=\"more\">另有 {hidden} 处，见 violations.csv。</p>");
    }
    out.push_str("</section>\n");
}

fn row(out: &mut String, findings: &Findings<'_>, v: &Violation, people: bool, seats: bool) {
    let (class, word) = match v.severity {
        Severity::Error => ("error", "● 违规"),
        Severity::Warning => ("warning", "○ 提醒"),
    };
    let season = findings.season;
    let school = match season.find_school(&v.school) {
        Some(ix) => format!("{} {}", escape(&season.school(ix).name), escape(&v.school)),
        None => escape(&v.school),
    };
    let _ = write!(out, "<tr><td class=\"{class}\">{word}</td><td>{school}</td>");
    if people {
        let _ = write!(out, "<td class=\"id\">{}</td>", escape(&v.applicant));
    }
    if seats {
        let policy = season.policy();
        let batch = policy.batch_ix(&v.batch).map_or(v.batch.as_str(), |b| &policy.batch(b).name);
        let category = policy
            .category_ix(&v.category)
            .map_or(v.category.as_str(), |c| &policy.category(c).name);
        let (batch, category) = (escape(batch), escape(category));
        let _ = write!(out, "<td>{batch}<br><span class=\"none\">{category}</span></td>");
    }
    let _ = writeln!(out, "<td>{}</td></tr>", escape(&v.detail));
}

/// Text as HTML shows it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        assert_eq!(escape("<b title=\"x\">&'"), "&lt;b title=&quot;x&quot;&gt;&amp;&#39;");
    }
}
