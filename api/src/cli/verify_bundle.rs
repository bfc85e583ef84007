//! `luqu verify-bundle`: checks the bundle of a season offline, against a checkpoint that was kept outside.

use std::path::PathBuf;

use ed25519_dalek::VerifyingKey;
use serde_json::json;

use super::{Exit, data};
use crate::error::Failure;
use crate::ledger::bundle::{Outside, check};

/// The arguments of `luqu verify-bundle`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// 核验包：服务器导出的 .zip
    bundle: PathBuf,
    /// 外部保存的检查点文件，可重复
    #[arg(long, value_name = "FILE")]
    witness: Vec<PathBuf>,
    /// 对外公布的签名公钥（64 位十六进制），不写则采用包中的公钥
    #[arg(long, value_name = "HEX", value_parser = public_key)]
    key: Option<VerifyingKey>,
    /// 以 JSON 输出
    #[arg(long)]
    json: bool,
}

fn public_key(text: &str) -> Result<VerifyingKey, String> {
    let bytes = hex::decode(text.trim()).ok().and_then(|b| <[u8; 32]>::try_from(b).ok());
    let key = bytes.and_then(|b| VerifyingKey::from_bytes(&b).ok());
    key.ok_or_else(|| "公钥须是 64 位十六进制数".to_owned())
}

pub(super) fn run(args: &Args) -> Result<Exit, Failure> {
    let bytes = std::fs::read(&args.bundle).map_err(Failure::io(&args.bundle))?;
    let read = |path: &PathBuf| std::fs::read_to_string(path).map_err(Failure::io(path));
    let witnesses = args.witness.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let witnessed = !witnesses.is_empty();
    let checked = check(&bytes, &Outside { witnesses, key: args.key })?;
    if args.json {
        let told = json!({
            "season": checked.season,
            "entries": checked.entries,
            "uncovered": checked.uncovered,
            "checkpoints": checked.checkpoints,
            "rounds": checked.rounds,
            "witnessed": witnessed,
            "findings": checked.findings,
        });
        data(format_args!("{told:#}\n"))?;
    } else {
        let mut text = format!(
            "招生季 {}：日志 {} 条，检查点 {} 个，重新录取并核验 {} 轮\n",
            checked.season, checked.entries, checked.checkpoints, checked.rounds
        );
        if checked.uncovered > 0 {
            text +=
                &format!("最后 {} 条日志还没有检查点签名，不能证明未被改动\n", checked.uncovered);
        }
        for finding in &checked.findings {
            text += &format!("✗ {finding}\n");
        }
        if checked.findings.is_empty() {
            text += "✓ 全部相符\n";
        }
        if !witnessed {
            text +=
                "提示：没有外部检查点，只能说明包自身前后一致；请用 --witness 给出留存的检查点\n";
        }
        data(format_args!("{text}"))?;
    }
    Ok(if checked.findings.is_empty() { Exit::Ok } else { Exit::Findings })
}
