//! What the laws of the schema are called, for whoever broke one: a sentence, and the name of the law behind it.

/// Laws by the beginning of their names, the more exact first. PostgreSQL names the constraint, SQLite the columns of a
/// unique key, and a history of either its table.
const LAWS: &[(&str, &str)] = &[
    ("admission_person", "该考生已有有效的录取"),
    ("admission_seat", "该席位已有人录取"),
    ("admission", "录取须占批准计划的空席位，考生在招生范围内并符合条件，结果已经公布"),
    ("registry_person", "该证件号码已有在用的学籍"),
    ("registry_admission", "该录取已建学籍"),
    ("registry_head", "学籍序号刚被占用，请重试"),
    ("registry_record_admission_id_arrived", "该生已建学籍，须先撤销学籍，才能撤回报到"),
    ("registry_record_admission_id_cleared", "该生已建学籍，须先撤销学籍，才能撤回核查"),
    ("registry_record", "学籍须有本人在本校的有效录取、报到和合规核查，新建学校不超过3000人"),
    ("arrival", "报到须有本人在本校的有效录取"),
    ("clearance", "合规核查须有有效的录取"),
    ("round_published", "该批次的结果已经公布"),
    ("round", "结果须在志愿截止后计算，经过核验，由两人签署同一摘要"),
    ("school", "学校和招生计划已经冻结，不能再次写入"),
    ("graduates", "学校和招生计划已经冻结，不能再次写入"),
    ("seat_flow", "学校和招生计划已经冻结，不能再次写入"),
    ("plan_", "计划须有文号和两人的决定；指标名额须有毕业初中，冻结后不改"),
    ("applicant", "考生已经写入，证件号码和报名号不能重复"),
    ("special_score", "特长成绩已经写入，不能重复"),
    ("restriction", "资格与限制已经写入，不能重复"),
    ("tie_decision", "该考生在本批次已有裁定次序"),
    ("wish_window", "该批次的志愿已经开放过，或不在日程之内"),
    ("wish_list", "该考生的志愿刚有改动，请重新提交"),
    ("wish", "志愿序号从 1 起，不能重复"),
    ("window", "该批次志愿不在开放状态"),
    ("decision", "事项须由两人办理，提交人与复核人不能是同一人"),
    ("account", "账号已存在，或角色与学校不符"),
    ("machine_token", "令牌只签发给对接账号"),
    ("season", "招生季已存在，或年份有误"),
    ("lottery", "随机种子只承诺一次、公布一次"),
    ("import_batch", "该批导入已有变动，请重新读取"),
    ("job", "该任务已有变动，请重新读取"),
    ("class_group", "该校的分班刚有改动，请重新提交"),
    ("class_member", "班级不超过规定人数，一名学生只在一个班，学籍须在用"),
    ("section_group", "该校的走班分组刚有改动，请重新提交"),
    ("section_member", "教学班不超过规定人数，一名学生每科、每节段只在一个教学班"),
    ("ledger", "日志刚被另一项操作写入，请重试"),
    ("checkpoint", "日志刚被另一项操作写入，请重试"),
    ("idempotency", "同一请求正在办理"),
];

/// What is said of any other.
const OTHER: &str = "与数据库的约束不符，所依据的记录可能已有变动";

/// The sentence for what a database said, if it refused by a law.
pub(super) fn told(said: &str) -> Option<String> {
    let name = name(said)?;
    let sentence = LAWS.iter().find(|(law, _)| name.starts_with(law)).map_or(OTHER, |law| law.1);
    Some(format!("{sentence}（{name}）"))
}

/// The name of the law that refused: of a constraint, of a history, of a window or of the ledger.
fn name(said: &str) -> Option<&str> {
    let behind = |mark: &str| said.split_once(mark).map(|(_, rest)| rest);
    if let Some(rest) = behind("constraint \"") {
        return rest.split('"').next();
    }
    if let Some(rest) = behind("constraint failed: ").or_else(|| behind("history: ")) {
        return rest.split([':', '\n']).next();
    }
    let marks = [("window:", "window"), ("ledger:", "ledger"), ("FOREIGN KEY", "FOREIGN KEY")];
    let marked = marks.into_iter().find(|(mark, _)| said.contains(mark)).map(|(_, name)| name);
    marked.or_else(|| said.contains("constraint").then_some("constraint"))
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn what_a_database_refuses_is_said_in_chinese_with_the_name_at_its_end() {
        for (said, told_as) in [
            (
                "duplicate key value violates unique constraint \"school_pkey\"",
                "学校和招生计划已经冻结，不能再次写入（school_pkey）",
            ),
            (
                "(code: 1811) history: school: the row is there already",
                "学校和招生计划已经冻结，不能再次写入（school）",
            ),
            (
                "update or delete on table \"arrival\" violates foreign key constraint \
                 \"registry_record_admission_id_arrived_fkey\" on table \"registry_record\"",
                "该生已建学籍，须先撤销学籍，才能撤回报到（registry_record_admission_id_arrived_fkey）",
            ),
            (
                "(code: 2067) UNIQUE constraint failed: wish.list_id, wish.position",
                "志愿序号从 1 起，不能重复（wish.list_id, wish.position）",
            ),
            (
                "(code: 787) FOREIGN KEY constraint failed",
                "与数据库的约束不符，所依据的记录可能已有变动（FOREIGN KEY）",
            ),
            ("window: wishes of this batch are closed", "该批次志愿不在开放状态（window）"),
        ] {
            assert_eq!(told(said).as_deref(), Some(told_as));
        }
        assert_eq!(told("connection refused"), None);
    }

    #[test]
    fn every_table_has_a_sentence() {
        // What no act of a person writes twice: copies, looks, tries, sessions and what the registry is told.
        let silent = ["access_log", "sign_in_try", "registry_dump", "gate_event"];
        for table in crate::store::schema::tables().filter(|t| !silent.contains(t)) {
            let said = format!("violates unique constraint \"{table}_pkey\"");
            assert!(!told(&said).is_some_and(|t| t.starts_with(super::OTHER)), "{table}");
        }
    }
}
