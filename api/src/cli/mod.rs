//! The command line: one file per subcommand. Data on stdout, talk on stderr (SPEC §12).

mod account;
mod audit;
mod backup;
mod check;
mod classes;
mod compare;
mod database;
mod day;
mod demo;
mod doctor;
mod explain;
mod init;
mod installation;
mod moved;
mod parse_worker;
mod place;
mod plan;
mod policy;
mod quota;
mod reconcile;
mod restore;
mod retention;
mod sections;
mod serve;
mod text_table;
mod usage;
mod verify;
mod verify_bundle;
mod whatif;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::acts::ActError;
use crate::error::Failure;
use crate::interrupt;

/// How a command ends when it does not fail; the numbers are SPEC §12's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// 0: all is well.
    Ok,
    /// 3: the input has blocking faults.
    Faults,
    /// 5: audit or verification found something.
    Findings,
    /// 7: undecided or infeasible.
    Undecided,
    /// 130: interrupted, with the best so far written and marked as such.
    Stopped,
}

impl Exit {
    const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Faults => 3,
            Self::Findings => 5,
            Self::Undecided => 7,
            Self::Stopped => interrupt::EXIT,
        }
    }
}

/// 高中阶段招生录取：检查、录取、核验、解释、核查
#[derive(Parser)]
#[command(name = "luqu", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 新建招生季目录；--demo N 生成示例数据
    Init(init::Args),
    /// 检查招生季数据，指出每一处错误所在的单元格
    Check(check::Args),
    /// 录取：运行、核对，结果写入目录
    Place(place::Args),
    /// 计算指标到校计划数，分配到各初中
    Quota(quota::Args),
    /// 计划：体检草案、找出矛盾的规则和最省的调整、分年化解大班额、增班放在哪里
    Plan(plan::Args),
    /// 核验结果：逐条核对性质、理由与证书
    Verify(verify::Args),
    /// 离线核验招生季的核验包：签名、日志、重新录取
    VerifyBundle(verify_bundle::Args),
    /// 核查任何录取名单、学籍和班级，列出违规
    Audit(audit::Args),
    /// 学籍对账：录取与学籍系统互查，缺漏、多余、重复、在他校
    Reconcile(reconcile::Args),
    /// 均衡分班：按核准班数和班额把录取学生编班
    Classes(classes::Args),
    /// 选科走班：由选科组合编排教学班，不产生新的大班额
    Sections(sections::Args),
    /// 为什么：逐个志愿说明录取或未录取的原因
    Explain(explain::Args),
    /// 方案对比：两份结果之间谁变动了、为什么
    Compare(compare::Args),
    /// 试算：改变计划、比例、下限或录取顺序，与原结果对比
    Whatif(whatif::Args),
    /// 演示：生成数据、录取、核对，一步看完
    Demo(demo::Args),
    /// 列出、检查、说明招生政策
    Policy(policy::Args),
    /// 启动招生季服务：接口、轮次、学籍准入
    Serve(serve::Args),
    /// 备份：联机取得一致的数据库副本；密钥另行保管
    Backup(backup::Args),
    /// 恢复：检查备份并换上；比已知检查点旧的拒绝
    Restore(restore::Args),
    /// 体检：检查一套安装是否正常，逐项说明怎么办
    Doctor(doctor::Args),
    /// 按保存期限销毁一个招生季的个人数据，由两人签名
    Retention(retention::Args),
    /// 数据库：建立结构，PostgreSQL 的角色与权限
    Database(database::Args),
    /// 账号：建立第一个系统管理员
    Account(account::Args),
    #[command(hide = true)]
    ParseWorker(parse_worker::Args),
}

/// Says something on stderr. A stderr that cannot be written to is nobody's fault.
fn say(words: std::fmt::Arguments<'_>) {
    let _ = writeln!(anstream::stderr().lock(), "{words}");
}

/// An act that was not done, as the command line tells it.
fn refused(error: ActError) -> Failure {
    match error {
        ActError::Failure(failure) => failure,
        ActError::Busy(cause) => Failure::Internal(cause),
        ActError::NotPermitted(words) => Failure::NotPermitted(words),
        ActError::NotFound(words) => Failure::NotFound(words),
        ActError::Conflict(words) => Failure::Conflict(words),
        other @ (ActError::Malformed(_)
        | ActError::TooLarge(_)
        | ActError::Faults(_)
        | ActError::Unlawful(_)) => Failure::Usage(other.to_string()),
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let read = usage::in_chinese(Cli::command()).try_get_matches();
    let cli = match read.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    threads();
    match run(cli.command) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            say(format_args!("luqu: {failure}"));
            ExitCode::from(match failure {
                Failure::Usage(_) => 2,
                Failure::NotPermitted(_) => 4,
                Failure::Conflict(_) => 6,
                Failure::Interrupted => interrupt::EXIT,
                Failure::Io { .. } | Failure::NotFound(_) | Failure::Internal(_) => 1,
            })
        }
    }
}

/// Says what is wrong with the arguments, or what was asked for instead of a command.
fn misused(error: &clap::Error) -> ExitCode {
    match usage::told(error) {
        Some(words) => say(format_args!("luqu: {words}")),
        // A closed pipe is nobody's fault.
        None => drop(error.print()),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// The most threads: more than any machine has cores, and few enough to be started.
const MOST_THREADS: usize = 512;

/// Holds a number of threads that nobody can mean to what a machine can start.
fn threads() {
    let wanted = std::env::var("RAYON_NUM_THREADS").ok();
    let wanted = wanted.and_then(|text| text.trim().parse::<u64>().ok());
    if wanted.is_some_and(|n| n > MOST_THREADS as u64) {
        say(format_args!("RAYON_NUM_THREADS 过大，按 {MOST_THREADS} 个线程运行"));
        // It fails only where a pool exists already, which then has its own number.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(MOST_THREADS).build_global();
    }
}

/// Writes what was asked for to stdout; a reader that has seen enough, such as `head`, is no failure.
fn data(text: std::fmt::Arguments<'_>) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    out.write_fmt(text).and_then(|()| out.flush()).or_else(check::closed_pipe)
}

fn run(command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(args),
        Command::Check(args) => check::run(args),
        Command::Place(args) => place::run(&args),
        Command::Quota(args) => quota::run(&args),
        Command::Plan(args) => plan::run(args),
        Command::Serve(args) => serve::run(&args),
        Command::Backup(args) => backup::run(&args),
        Command::Restore(args) => restore::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Retention(args) => retention::run(&args),
        Command::Database(args) => database::run(&args),
        Command::Account(args) => account::run(&args),
        Command::VerifyBundle(args) => verify_bundle::run(&args),
        Command::Verify(args) => verify::run(args),
        Command::Audit(args) => audit::run(args),
        Command::Reconcile(args) => reconcile::run(&args),
        Command::Classes(args) => classes::run(&args),
        Command::Sections(args) => sections::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Whatif(args) => whatif::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Policy(args) => policy::run(args),
        Command::ParseWorker(args) => parse_worker::run(&args),
    }
}
