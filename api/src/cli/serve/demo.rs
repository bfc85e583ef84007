//! What `--demo` puts into an empty database: five people and a made season, imported.

use luqu_fixtures::{DistrictSpec, district};

use crate::acts::{ActError, Actor, Office, Upload, now};
use crate::auth::hash_password;
use crate::auth::keys::random;
use crate::cli::say;
use crate::store::{Account, ImportStatus, Mode, Role};
use crate::tables::season_csv::tables_csv;

/// Five people and a made season, imported; the rest is for whoever tries it.
pub(super) async fn make(office: &Office, applicants: u32) -> Result<(), ActError> {
    if !office.store().read().seasons().await?.is_empty() {
        say(format_args!("数据目录中已有招生季，不再建立示例"));
        return Ok(());
    }
    let source = district(&DistrictSpec::new(applicants, 7));
    let policy = &source.policy;
    let key_school = source.draft.plan.rows.first().and_then(|(_, p)| p.school_id.clone());
    let people = [
        ("clerk", "经办员", Role::Clerk, None),
        ("reviewer", "复核员", Role::Reviewer, None),
        ("school", "学校管理员", Role::School, key_school.map(|s| s.to_string())),
        ("regulator", "督导员", Role::Regulator, None),
        ("admin", "管理员", Role::Admin, None),
    ];
    let mut told = Vec::new();
    let tx = office.store().write().await?;
    for (name, display, role, school) in people {
        let password = hex::encode(random::<6>()?);
        let account = Account {
            name: name.to_owned(),
            display: display.to_owned(),
            role,
            school,
            password_hash: hash_password(&password)?,
            must_change: false,
            disabled: false,
        };
        tx.create_account(&account, now()).await?;
        told.push(format!("  {display:<6} {name:<10} 密码 {password}"));
    }
    tx.commit().await?;
    let clerk = Actor { name: "clerk".to_owned(), role: Role::Clerk, school: None };
    let season = office.create_season(&clerk, &policy.text, Mode::Drill).await?.id;
    let files = tables_csv(policy, &source.draft)?.into_iter();
    let uploads = files.map(|(name, bytes)| Upload { name: name.to_owned(), bytes }).collect();
    let staged = office.stage(&clerk, &season, uploads).await?;
    if staged.status == ImportStatus::Refused {
        return Err(ActError::Faults(staged.loaded.faults));
    }
    office.commit_import(&clerk, &season, staged.id).await?;
    say(format_args!("已建立演练招生季 {season}（考生 {} 人，已导入）和账号：", applicants));
    for line in told {
        say(format_args!("{line}"));
    }
    say(format_args!(
        "试用：POST /v1/session 登录取得 token；GET /v1/seasons/{season} 看下一步；各接口见 /docs"
    ));
    Ok(())
}
