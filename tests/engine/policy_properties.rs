//! What the search finds about policies whose properties are known.

use luqu_engine::explain_policy::{Answer, Property, Scope, Verdict, judge};
use luqu_engine::policy::Policy;
use luqu_fixtures::policies::SHIPPED;

#[test]
fn probe() {
    for shipped in SHIPPED {
        let policy = Policy::load(shipped.text, None).expect("loads");
        let start = std::time::Instant::now();
        let verdicts = judge(&policy);
        println!("== {} {:?}", shipped.name, start.elapsed());
        for v in verdicts {
            println!(
                "{:?} {:?} {:?} {:?} N={}",
                v.scope, v.property, v.answer, v.theory, v.markets
            );
            for l in &v.example {
                println!("    {}", l.zh);
            }
        }
    }
    let _ = (Answer::Holds, Property::ALL, Scope::Batch, None::<Verdict>);
}
