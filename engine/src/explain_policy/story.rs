//! Tells a broken market as a little story: who, with which scores and wishes, before and after.

use super::Said;
use super::market::{Held, Tiny, applicant_id, manual, subject_scores, tested};
use super::search::{Break, Witness};
use crate::domain::{BatchIx, Lottery};
use crate::policy::Policy;

const PEOPLE: [(&str, &str); 4] = [("甲", "Jia"), ("乙", "Yi"), ("丙", "Bing"), ("丁", "Ding")];
const SCHOOLS: [(&str, &str); 3] = [("一中", "No. 1"), ("二中", "No. 2"), ("三中", "No. 3")];
const JUNIORS: [(&str, &str); 2] = [("东初", "East"), ("西初", "West")];

/// The story, line by line.
pub(super) fn tell(policy: &Policy, witness: &Witness) -> Vec<Said> {
    let teller = Teller { policy, market: &witness.market };
    let mut lines = teller.seats();
    lines.extend(teller.people());
    lines.extend(teller.order_of_equals());
    lines.push(join(
        Said::new("结果：", "Result: "),
        teller.outcomes(&witness.before),
        Said::new("。", "."),
    ));
    lines.extend(teller.turn(witness));
    lines
}

struct Teller<'a> {
    policy: &'a Policy,
    market: &'a Tiny,
}

fn name(at: usize, names: &[(&str, &str)]) -> Said {
    let (zh, en) = names[at % names.len()];
    Said::new(zh, en)
}

fn person(at: usize) -> Said {
    name(at, &PEOPLE)
}

fn join(before: Said, middle: Said, after: Said) -> Said {
    Said::new(before.zh + &middle.zh + &after.zh, before.en + &middle.en + &after.en)
}

fn list(parts: impl Iterator<Item = Said>, zh: &str, en: &str) -> Said {
    let (zhs, ens): (Vec<String>, Vec<String>) = parts.map(|s| (s.zh, s.en)).unzip();
    Said::new(zhs.join(zh), ens.join(en))
}

impl Teller<'_> {
    /// The schools with seats keep their order and are numbered anew, so that the first is 一中.
    fn school(&self, at: usize) -> Said {
        let used = |s: usize| {
            self.market.seats.iter().any(|x| x.school == s)
                || self.market.people.iter().any(|p| p.prefs.contains(&s))
        };
        name((0..at).filter(|&s| used(s)).count(), &SCHOOLS)
    }

    fn several_juniors(&self) -> bool {
        self.market.seats.iter().any(|s| s.junior.is_some())
    }

    fn batch(&self, batch: BatchIx) -> Said {
        let batch = self.policy.batch(batch);
        Said::new(batch.name.clone(), batch.id.to_string())
    }

    fn seats(&self) -> Vec<Said> {
        let batches = self.market.batches().into_iter();
        batches
            .map(|batch| {
                let here = self.market.seats.iter().filter(|s| s.batch == batch);
                let seats = here.map(|s| {
                    let school = self.school(s.school);
                    let category = self.policy.category(s.category);
                    let of = s.junior.map(|j| name(j, &JUNIORS));
                    let (zh, en) = of.map_or((String::new(), String::new()), |j| {
                        (format!("（给{}）", j.zh), format!(" for {}", j.en))
                    });
                    Said::new(
                        format!("{}{}{zh} 1 名", school.zh, category.name),
                        format!("{} {}{en} 1 seat", school.en, category.id),
                    )
                });
                let seats = list(seats, "，", ", ");
                let batch = self.batch(batch);
                Said::new(
                    format!("{}：{}。", batch.zh, seats.zh),
                    format!("Batch {}: {}.", batch.en, seats.en),
                )
            })
            .collect()
    }

    fn people(&self) -> Vec<Said> {
        let tests = self
            .market
            .seats
            .iter()
            .any(|s| tested(self.policy).iter().any(|(c, _)| *c == s.category));
        (0..self.market.people.len())
            .map(|at| {
                let who = person(at);
                let p = &self.market.people[at];
                let mut zh = format!("{}：{} 分", who.zh, p.total);
                let mut en = format!("{}: {} points", who.en, p.total);
                if tests {
                    zh += &format!("，专业 {} 分", p.special);
                    en += &format!(", special test {}", p.special);
                }
                if self.several_juniors() {
                    let junior = name(p.junior, &JUNIORS);
                    zh += &format!("，毕业于{}", junior.zh);
                    en += &format!(", from {}", junior.en);
                }
                let wishes = self.wishes(&p.prefs);
                zh += &format!("，最想去的依次是{}，如实填报。", wishes.zh);
                en += &format!(", likes {} in this order and says so.", wishes.en);
                Said::new(zh, en)
            })
            .collect()
    }

    fn wishes(&self, schools: &[usize]) -> Said {
        list(schools.iter().map(|&s| self.school(s)), "、", ", ")
    }

    /// How the equal totals of the market are told apart.
    fn order_of_equals(&self) -> Option<Said> {
        let people = &self.market.people;
        let mut equals: Vec<usize> = (0..people.len())
            .filter(|&i| people.iter().filter(|p| p.total == people[i].total).count() > 1)
            .collect();
        if equals.is_empty() {
            return None;
        }
        if equals.iter().any(|&i| people[i].lean != people[equals[0]].lean) {
            let first = self.policy.subjects.first()?;
            let scores = equals.iter().map(|&i| {
                let score = subject_scores(self.policy, &people[i])[0];
                let who = person(i);
                Said::new(format!("{} {score} 分", who.zh), format!("{} {score}", who.en))
            });
            let scores = list(scores, "，", ", ");
            return Some(Said::new(
                format!("同分者的{}：{}，其余各科相应增减。", first.name, scores.zh),
                format!("Equal totals differ in {}: {}.", first.id, scores.en),
            ));
        }
        let drawn = !self.market.batches().iter().any(|&b| manual(self.policy, b));
        if drawn {
            let lottery = Lottery::new(self.policy.seed.as_deref().unwrap_or_default());
            equals.sort_by_key(|&i| lottery.number(&applicant_id(i)));
        }
        let order = list(equals.into_iter().map(person), "先于", " before ");
        Some(if drawn {
            Said::new(format!("同分时随机号：{}。", order.zh), format!("Lottery: {}.", order.en))
        } else {
            Said::new(format!("同分裁定：{}。", order.zh), format!("Ruling on ties: {}.", order.en))
        })
    }

    fn outcomes(&self, held: &[Held]) -> Said {
        list((0..held.len()).map(|at| self.outcome(at, held[at])), "，", ", ")
    }

    fn outcome(&self, at: usize, held: Held) -> Said {
        let who = person(at);
        match held {
            None => Said::new(format!("{}落选", who.zh), format!("{} gets nothing", who.en)),
            Some((school, batch, category)) => {
                let school = self.school(school);
                let category = self.policy.category(category);
                let (zh, en) = if self.market.batches().len() > 1 {
                    let batch = self.batch(batch);
                    (format!("在{}", batch.zh), format!(" in batch {}", batch.en))
                } else {
                    (String::new(), String::new())
                };
                Said::new(
                    format!("{}{zh}录取到{}（{}）", who.zh, school.zh, category.name),
                    format!("{} gets {} ({}){en}", who.en, school.en, category.id),
                )
            }
        }
    }

    fn turn(&self, witness: &Witness) -> Vec<Said> {
        match &witness.breaks {
            Break::Lie(lie) => {
                let who = person(lie.person);
                let wishes = self.wishes(&lie.list);
                let batch = self.batch(lie.batch);
                vec![
                    join(
                        if lie.list.is_empty() {
                            Said::new(
                                format!("{}若放弃{}：", who.zh, batch.zh),
                                format!("If {} stays out of batch {}: ", who.en, batch.en),
                            )
                        } else {
                            Said::new(
                                format!("{}若在{}改填{}：", who.zh, batch.zh, wishes.zh),
                                format!(
                                    "If {} lists {} in batch {}: ",
                                    who.en, wishes.en, batch.en
                                ),
                            )
                        },
                        self.outcomes(&witness.after),
                        Said::new("。", "."),
                    ),
                    Said::new(
                        format!("不如实填报反而更好：{}得到了更喜欢的结果。", who.zh),
                        format!("Not telling the truth pays: {} is better off.", who.en),
                    ),
                ]
            }
            Break::Envy(envious, holder) => {
                let (a, b) = (person(*envious), person(*holder));
                let (high, low) =
                    (self.market.people[*envious].total, self.market.people[*holder].total);
                let school = witness.before[*holder].map(|(s, ..)| self.school(s));
                let school = school.unwrap_or_default();
                vec![Said::new(
                    format!(
                        "{}比{}高 {} 分，填报了{}、够条件也更想去，名额却在{}手里。",
                        a.zh,
                        b.zh,
                        high - low,
                        school.zh,
                        b.zh
                    ),
                    format!(
                        "{} has {} points more than {}, wished for {}, qualifies and likes it better, but {} holds the seat.",
                        a.en,
                        high - low,
                        b.en,
                        school.en,
                        b.en
                    ),
                )]
            }
            Break::Raise(at, to) => {
                let who = person(*at);
                let more = to - self.market.people[*at].total;
                vec![
                    join(
                        Said::new(
                            format!("{}若多考 {more} 分（{to} 分），志愿不变：", who.zh),
                            format!(
                                "With {more} points more ({to}) and the same wishes, {}: ",
                                who.en
                            ),
                        ),
                        self.outcomes(&witness.after),
                        Said::new("。", "."),
                    ),
                    Said::new(
                        format!("分数提高，{}的录取结果反而变差。", who.zh),
                        format!("The higher score makes {} worse off.", who.en),
                    ),
                ]
            }
        }
    }
}
