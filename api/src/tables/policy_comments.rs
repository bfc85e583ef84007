//! `policy.toml` with a Chinese comment on every key: what it means and what it may be.

use luqu_engine::policy::Policy;

/// Per kind of section and key: what the key means.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("season", "id", "招生季代号，全区唯一，如 qijiang-2026"),
    ("season", "district", "区县名称"),
    ("season", "year", "中考年份"),
    ("season", "seed", "随机号种子：同分抽签用，填报截止后公布；也可用 --seed 给出"),
    ("season", "seed_commitment", "种子的 SHA-256，填报截止前公布；种子对不上则拒绝"),
    ("limits", "value", "上限数值"),
    ("limits", "unit", "单位"),
    ("limits", "item", "依据：政策文件第几条"),
    ("limits", "quote", "原文，须与政策文件逐字相同"),
    ("subjects", "id", "科目代码，即考生表中的列名"),
    ("subjects", "name", "科目名称，也可作考生表的表头"),
    ("subjects", "max", "满分，最多两位小数，写在引号里"),
    ("total", "parts", "计入总分的科目"),
    ("total", "bonus", "照顾加分：included 计入总分，none 不计"),
    ("total", "rounding", "取整：none 不取整，half_up 四舍五入到整数"),
    ("batches", "id", "批次代码；批次按本文件的先后顺序录取"),
    ("batches", "name", "批次名称，各表中也可用名称填写"),
    ("batches", "opens", "填报开始时间；此前的测试、录取属提前招生"),
    ("batches", "closes", "填报截止时间"),
    ("batches", "wishes", "每名考生在本批次最多填几个志愿"),
    ("batches", "seat_order", "志愿未写类别时，依次投向的类别"),
    (
        "batches",
        "priority",
        "录取顺序，从左到右比较；最后一项必须是 lottery（抽签）或 manual（裁定）",
    ),
    ("batches", "adjustment", "服从调剂时依次补录的类别；空为不调剂"),
    ("batches", "source", "依据；local, pending 表示本地待定，启用前须核定"),
    ("categories", "name", "类别名称，各表中也可用名称填写"),
    ("categories", "by_junior", "是否按毕业初中分配名额（指标到校）"),
    ("categories", "eligible", "资格条件，须全部具备"),
    ("categories", "floor", "录取下限：at_least 为最低分；line 与 minus 为某类别录取线下多少分"),
    ("categories", "returns_to", "未录满的名额退回同校同批次的哪个类别"),
    ("categories", "carry_to", "未录满的名额结转到以后哪个批次的哪个类别"),
    ("categories", "composite", "综合成绩：总分与专业测试分各占百分之几"),
    ("categories", "priority", "本类别自己的录取顺序，代替批次的顺序"),
    ("categories", "share_cap", "占该校全部计划的最高比例，由 luqu audit 检查"),
    ("categories", "source", "依据；local, pending 表示本地待定，启用前须核定"),
    ("quota", "category", "指标名额所属的类别"),
    ("quota", "share", "指标占该校该批次全部计划的比例"),
    ("quota", "rounding", "指标数取整：up 进一、down 去尾、half_up 四舍五入"),
    ("quota", "method", "分到各初中的办法：matrix 按资格人数分摊，pool 总池按最大余数"),
    ("quota", "tilt", "倾斜学校先得的名额：每多少名资格考生得一个"),
    ("quota", "min_per_junior", "每所初中至少几个名额；有资格人数不足的按人数，空为不设"),
    ("quota", "source", "依据；local, pending 表示本地待定，启用前须核定"),
];

/// The policy file with a comment above the first appearance of every key of each kind of section. What the
/// file says does not change; a file for which that cannot be made sure of is given back as it is.
pub fn commented(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut section = String::new();
    let mut told: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.trim_start_matches('[').split([']', '.']).next()
            && line.starts_with('[')
        {
            name.clone_into(&mut section);
        } else if let Some((key, _)) = line.split_once('=') {
            let seen = (section.clone(), key.trim().to_owned());
            let meaning = MEANINGS.iter().find(|(s, k, _)| *s == seen.0 && *k == seen.1);
            if let Some((_, key, meaning)) = meaning
                && !told.contains(&seen)
            {
                out.push_str(&format!("# {key}：{meaning}\n"));
                told.push(seen);
            }
        }
        out.push_str(line);
        out.push('\n');
    }
    if same_policy(text, &out) { out } else { text.to_owned() }
}

fn same_policy(a: &str, b: &str) -> bool {
    match (Policy::load(a, None), Policy::load(b, None)) {
        (Ok(a), Ok(mut b)) => {
            b.text.clone_from(&a.text);
            a == b
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use luqu_fixtures::policies::SHIPPED;

    #[test]
    fn every_key_of_every_shipped_policy_has_its_comment() {
        for shipped in SHIPPED {
            let text = commented(shipped.text);
            assert!(same_policy(shipped.text, &text));
            let mut section = String::new();
            for line in shipped.text.lines() {
                if line.starts_with('[') {
                    let name = line.trim_start_matches('[').split([']', '.']).next();
                    name.unwrap_or_default().clone_into(&mut section);
                } else if let Some((key, _)) = line.split_once(" = ")
                    && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                {
                    let known = MEANINGS.iter().any(|(s, k, _)| *s == section && *k == key);
                    assert!(known, "{}: {section}.{key}", shipped.name);
                    assert!(text.contains(&format!("# {key}：")), "{}: {key}", shipped.name);
                }
            }
        }
    }
}
