//! The classes of a school once more, from the definitions: shares types with the rooms that made them, and no code.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bind, Formation, Kind, Request, approved_classes};
use crate::domain::{ApplicantIx, Lottery, Season, Text};

/// A definition that classes do not keep.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Broken {
    /// Somebody is in no class, in two, or does not belong there.
    #[error("并非每名学生恰在一个班")]
    Roll,
    /// More classes than approved or asked for.
    #[error("班数 {0} 超过核准或要求的 {1}")]
    Number(u32, u32),
    /// A class above the class size.
    #[error("有班 {0} 人，超过班额 {1}")]
    ClassSize(u32, u32),
    /// Sizes more than one apart.
    #[error("各班人数 {0} 至 {1}，相差超过一人")]
    Sizes(u32, u32),
    /// A group that is not together, or not apart.
    #[error("{}“{}”未照要求编班", .0.label(), .1)]
    Group(Bind, Text),
    /// The counts reported are not those of the classes.
    #[error("{}“{}”的人数与名单不符", .0.label(), .1)]
    Margin(Kind, Text),
    /// The objective is not what the counts cost, or below its bound.
    #[error("目标值 {0} 与人数不符，应为 {1}")]
    Objective(i64, i64),
    /// Somebody in place of somebody with a smaller lottery number of the same type.
    #[error("“{0}”与同类学生的抽签次序不符")]
    Draw(Text),
}

/// Everything that is wrong with the classes that `roll`, the pupils of the school, were given.
///
/// Everyone is in one class · the number and the sizes of classes · groups · counts and objective · the draw: among
/// pupils alike in everything and in no group, those with smaller lottery numbers sit in the classes of smaller places
/// before the classes were numbered.
#[must_use]
pub fn check(
    season: &Season,
    roll: &[ApplicantIx],
    request: &Request<'_>,
    formation: &Formation,
) -> Vec<Broken> {
    let mut broken = Vec::new();
    let class_of: BTreeMap<ApplicantIx, usize> = formation
        .classes
        .iter()
        .enumerate()
        .flat_map(|(class, members)| members.iter().map(move |&id| (id, class)))
        .collect();
    let seated: usize = formation.classes.iter().map(Vec::len).sum();
    if seated != roll.len() || !roll.iter().all(|id| class_of.contains_key(id)) {
        // Nothing else can be said of classes without their pupils.
        return vec![Broken::Roll];
    }
    sizes(season, request, formation, &mut broken);
    bonds(roll, request, &class_of, &mut broken);
    let traits = traits(season, roll, request);
    let places = places(season, request, formation);
    counts(formation, &traits, &class_of, &places, &mut broken);
    drawn(season, request, &traits, &class_of, &places, &mut broken);
    broken
}

fn sizes(season: &Season, request: &Request<'_>, formation: &Formation, broken: &mut Vec<Broken>) {
    let size = |class: &Vec<ApplicantIx>| u32::try_from(class.len()).unwrap_or(u32::MAX);
    let smallest = formation.classes.iter().map(size).min().unwrap_or(0);
    let largest = formation.classes.iter().map(size).max().unwrap_or(0);
    let number = u32::try_from(formation.classes.len()).unwrap_or(u32::MAX);
    let asked = request.classes.get(&formation.school).copied();
    for most in [approved_classes(season, formation.school), asked].into_iter().flatten() {
        if number > most {
            broken.push(Broken::Number(number, most));
        }
    }
    if let Some(cap) = &season.policy().limits.class_size
        && largest > cap.value
    {
        broken.push(Broken::ClassSize(largest, cap.value));
    }
    if largest - smallest > 1 {
        broken.push(Broken::Sizes(smallest, largest));
    }
}

fn bonds(
    roll: &[ApplicantIx],
    request: &Request<'_>,
    class_of: &BTreeMap<ApplicantIx, usize>,
    broken: &mut Vec<Broken>,
) {
    let mut met: BTreeMap<(Bind, &Text), Vec<usize>> = BTreeMap::new();
    for (id, wants) in roll.iter().filter_map(|&id| Some((id, request.groups.of(id)?))) {
        let words = [
            (Bind::Together, &wants.together),
            (Bind::Squad, &wants.squad),
            (Bind::Apart, &wants.apart),
        ];
        for (bind, word) in words {
            if let Some(word) = word {
                met.entry((bind, word)).or_default().push(class_of[&id]);
            }
        }
    }
    for ((bind, name), classes) in met {
        let different = classes.iter().collect::<BTreeSet<_>>().len();
        let kept = if bind == Bind::Apart { different == classes.len() } else { different == 1 };
        if !kept {
            broken.push(Broken::Group(bind, name.clone()));
        }
    }
}

/// What is balanced of each pupil.
fn traits(
    season: &Season,
    roll: &[ApplicantIx],
    request: &Request<'_>,
) -> BTreeMap<ApplicantIx, BTreeMap<Kind, Text>> {
    let total = |id: ApplicantIx| season.applicant(id).total;
    let mut ranked: Vec<_> = roll.iter().map(|&id| total(id)).collect();
    ranked.sort_unstable();
    let says = |id: ApplicantIx| request.groups.of(id).and_then(|wants| wants.boarding);
    let boarding = roll.iter().any(|&id| says(id).is_some());
    let of = |id: ApplicantIx| {
        let person = season.applicant(id);
        let not_higher = ranked.partition_point(|&t| t <= total(id));
        let quarter = (ranked.len() - not_higher) * 4 / ranked.len() + 1;
        let mut traits = BTreeMap::from([
            (Kind::Gender, person.gender.map(|g| Text::from(g.key())).unwrap_or_default()),
            (Kind::Junior, season.school(person.junior).id.clone()),
            (Kind::Quarter, Text::from(quarter.to_string())),
        ]);
        if boarding {
            let word = if says(id) == Some(true) { "yes" } else { "no" };
            traits.insert(Kind::Boarding, Text::from(word));
        }
        if let Some(word) = request.groups.of(id).and_then(|wants| wants.combination.clone()) {
            traits.insert(Kind::Combination, word);
        }
        traits
    };
    roll.iter().map(|&id| (id, of(id))).collect()
}

fn counts(
    formation: &Formation,
    traits: &BTreeMap<ApplicantIx, BTreeMap<Kind, Text>>,
    class_of: &BTreeMap<ApplicantIx, usize>,
    places: &[usize],
    broken: &mut Vec<Broken>,
) {
    let classes = formation.classes.len();
    let mut table: BTreeMap<(Kind, &Text), Vec<u32>> = BTreeMap::new();
    for (id, list) in traits {
        for (kind, value) in list {
            table.entry((*kind, value)).or_insert_with(|| vec![0; classes])[class_of[id]] += 1;
        }
    }
    let mut objective = 0;
    for margin in &formation.margins {
        let key = (margin.kind, &margin.value);
        let counted = table.remove(&key);
        if counted.as_ref() != Some(&margin.counts)
            || margin.total != margin.counts.iter().sum::<u32>()
        {
            broken.push(Broken::Margin(margin.kind, margin.value.clone()));
        }
        for &count in counted.iter().flatten().filter(|_| margin.kind != Kind::Combination) {
            objective += price(count, margin.total, classes, formation.heavy);
        }
    }
    broken.extend(table.into_keys().map(|(kind, value)| Broken::Margin(kind, value.clone())));
    objective += away(formation, places);
    if formation.objective != objective || formation.bound > formation.objective {
        broken.push(Broken::Objective(formation.objective, objective));
    }
}

/// Pupils who sit where their combination is not at home.
///
/// Larger combinations first, each is at home in the first classes that it fills alone. What is left of them then stands in
/// a row, the longest remainder first, along the seats of the other classes: who stands at a seat of a class is at home there.
fn away(formation: &Formation, places: &[usize]) -> i64 {
    let mut class_at: Vec<usize> = (0..places.len()).collect();
    class_at.sort_by_key(|&class| places[class]);
    let mut open: Vec<(usize, u32)> = class_at
        .into_iter()
        .map(|class| (class, u32::try_from(formation.classes[class].len()).unwrap_or(u32::MAX)))
        .collect();
    let mut away = 0;
    let mut left: Vec<_> = formation
        .margins
        .iter()
        .filter(|m| m.kind == Kind::Combination)
        .map(|m| (m.total, m))
        .collect();
    left.sort_by_key(|&(total, margin)| (std::cmp::Reverse(total), &margin.value));
    let over = |have: u32, home: u32| i64::from(have.saturating_sub(home));
    let mut rest = Vec::new();
    for (mut count, margin) in left {
        let mut homes = vec![0; places.len()];
        open.retain(|&(class, size)| {
            let fills = size > 0 && count >= size;
            if fills {
                count -= size;
                homes[class] = size;
            }
            !fills
        });
        rest.push((count, margin, homes));
    }
    rest.sort_by_key(|&(count, margin, _)| (std::cmp::Reverse(count), &margin.value));
    let mut from = 0;
    for (count, margin, mut homes) in rest {
        let mut seat = 0;
        for &(class, size) in &open {
            let shared = (from + count).min(seat + size).saturating_sub(from.max(seat));
            homes[class] += shared;
            seat += size;
        }
        from += count;
        away += margin.counts.iter().zip(homes).map(|(&have, home)| over(have, home)).sum::<i64>();
    }
    away
}

/// What a count costs against an even share of `total / classes`, by steps: every whole place off the nearest whole
/// numbers, and `heavy` for every one that is more than one off the share.
fn price(count: u32, total: u32, classes: usize, heavy: i64) -> i64 {
    let (count, total, classes) = (i64::from(count), i64::from(total), classes as i64);
    let off = (count * classes - total).abs();
    // A place is off the nearest whole numbers if it is a whole one or more off the share.
    let places = off / classes;
    let whole = total % classes == 0;
    let rule = if whole { (places - 1).max(0) } else { places };
    places + heavy * rule
}

/// For every class where it stood before it got its number.
fn places(season: &Season, request: &Request<'_>, formation: &Formation) -> Vec<usize> {
    let lottery = Lottery::new(request.seed);
    let school = &season.school(formation.school).id;
    let lot = |place: usize| (lottery.number(&format!("class/{school}/{}", place + 1)), place);
    let mut places: Vec<usize> = (0..formation.classes.len()).collect();
    places.sort_by_key(|&place| lot(place));
    places
}

fn drawn(
    season: &Season,
    request: &Request<'_>,
    traits: &BTreeMap<ApplicantIx, BTreeMap<Kind, Text>>,
    class_of: &BTreeMap<ApplicantIx, usize>,
    places: &[usize],
    broken: &mut Vec<Broken>,
) {
    let lottery = Lottery::new(request.seed);
    let mut types: BTreeMap<&BTreeMap<Kind, Text>, Vec<ApplicantIx>> = BTreeMap::new();
    for (&id, list) in traits {
        let wants = request.groups.of(id);
        let grouped =
            wants.is_some_and(|w| w.together.is_some() || w.squad.is_some() || w.apart.is_some());
        if !grouped {
            types.entry(list).or_default().push(id);
        }
    }
    for mut alike in types.into_values() {
        alike.sort_by_key(|&id| (lottery.number(&season.applicant(id).id), id));
        let wrong = alike.windows(2).find(|w| places[class_of[&w[0]]] > places[class_of[&w[1]]]);
        if let Some(pair) = wrong {
            broken.push(Broken::Draw(season.applicant(pair[1]).id.clone()));
        }
    }
}
