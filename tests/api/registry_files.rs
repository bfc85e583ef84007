//! What is handed over to the registry system and what comes back: the list, OneRoster, dumps, the reconciliation.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use axum::http::Method;
use calamine::{Data, Reader as _, Xlsx};
use luqu::acts::Upload;
use serde_json::{Value, json};

use crate::databases::{TestDb, block_on};
use crate::http_kit::Client;
use crate::registry_story::published;

type Table = (Vec<String>, Vec<Vec<String>>);

fn csv_of(bytes: &[u8]) -> Table {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(bytes);
    let head = reader.headers().expect("a header").iter().map(str::to_owned).collect();
    let row = |r: Result<csv::StringRecord, csv::Error>| {
        r.expect("a row").iter().map(str::to_owned).collect()
    };
    (head, reader.records().map(row).collect())
}

fn column<'t>((head, rows): &'t Table, name: &str) -> Vec<&'t str> {
    let at = head.iter().position(|h| h == name).unwrap_or_else(|| panic!("no {name}: {head:?}"));
    rows.iter().map(|r| r[at].as_str()).collect()
}

fn unzipped(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).expect("a file");
            let name = file.name().expect("a name").into_owned();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).expect("bytes");
            (name, bytes)
        })
        .collect()
}

const USERS: &str = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,\
identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,\
preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns";
/// Each file with the header of the standard, which our own columns follow.
const HEADERS: [(&str, &str); 7] = [
    (
        "academicSessions.csv",
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    ),
    (
        "classes.csv",
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,\
         termSourcedIds,subjects,subjectCodes,periods",
    ),
    (
        "courses.csv",
        "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes",
    ),
    (
        "enrollments.csv",
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
    ),
    ("orgs.csv", "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId"),
    (
        "roles.csv",
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
    ),
    ("users.csv", USERS),
];

#[test]
fn only_the_cleared_are_handed_over_and_every_look_is_logged() {
    for db in TestDb::all() {
        block_on(async {
            let (world, admissions, school) = published(&db, 240).await;
            let base = format!("/v1/seasons/{}", world.season);
            let anybody = Client::anonymous(&world);
            let clerk = anybody.signed_in("zhao").await;
            let regulator = anybody.signed_in("sun").await;
            let handover = format!("{base}/handover");
            let ask = |codes: bool, format: &str| json!({"reason": "报送学籍系统建籍", "format": format, "codes": codes});
            // Nobody is through yet; an empty list is a list.
            let empty = clerk.post(&handover, ask(true, "csv")).await;
            assert_eq!(csv_of(&empty.bytes[3..]).1.len(), 0, "{}", empty.text());

            let mine: Vec<_> = admissions.iter().filter(|a| a.school == school).collect();
            let elsewhere = admissions.iter().find(|a| a.school != school).expect("another school");
            let arrived: Vec<&str> = mine[1..]
                .iter()
                .map(|a| a.applicant.as_str())
                .chain([elsewhere.applicant.as_str()])
                .collect();
            for who in &arrived {
                world.office.arrive(&world.clerk, &world.season, who, true).await.expect("arrived");
            }
            clerk.post(&format!("{base}/audit"), Value::Null).await.must_be(200);
            clerk.post(&format!("{base}/schools/{school}/records"), Value::Null).await.must_be(200);

            // Reasons are asked for, roles are kept, looks are logged.
            let short = json!({"reason": " ", "format": "csv"});
            clerk.post(&handover, short).await.must_be(400);
            let long = json!({"reason": "报".repeat(32_768), "format": "xlsx"});
            clerk.post(&handover, long).await.must_be(400);
            let nowhere =
                json!({"reason": "报送学籍系统建籍", "format": "csv", "school_id": "S999"});
            clerk.post(&handover, nowhere).await.must_be(404);
            clerk.get(&format!("{base}/oneroster?school=S999")).await.must_be(404);
            regulator.post(&handover, ask(true, "csv")).await.must_be(403);
            let list = clerk.post(&handover, ask(true, "csv")).await;
            assert!(list.bytes.starts_with(b"\xef\xbb\xbf"));
            assert!(!list.text().contains('\t'), "a program wants the numbers alone");
            let table = csv_of(&list.bytes[3..]);
            let listed: BTreeSet<&str> = column(&table, "KSH").into_iter().collect();
            assert_eq!(listed, arrived.iter().copied().collect(), "{}", db.name);
            let known = world.office.current(&world.season).await.expect("the season");
            let numbers = column(&table, "SFZJH");
            for (id, number) in column(&table, "KSH").iter().zip(&numbers) {
                let at = known.find_applicant(id).expect("an applicant");
                let own = known.applicant(at).id_number.clone().expect("a number");
                assert_eq!(*number, own.as_str());
            }
            assert!(column(&table, "XBM").iter().all(|x| ["1", "2"].contains(x)));
            assert!(column(&table, "SFZJLXM").iter().all(|x| *x == "1"));
            let born = column(&table, "CSRQ");
            assert!(born.iter().zip(&numbers).all(|(b, n)| *b == &n[6..14]), "{born:?}");
            let looks = world.office.store().read().looks(None, 10).await.expect("looks");
            let ours = looks.iter().filter(|(_, l)| l.action == "handover").count();
            assert_eq!(ours, 2, "refusals hand nothing over");
            assert!(looks.iter().any(|(_, l)| l.reason == "报送学籍系统建籍"));

            let pdf = clerk.post(&handover, ask(true, "pdf")).await;
            assert_eq!(pdf.status.as_u16(), 422, "{}", pdf.text());

            // The workbook: text ids, a row to sign, what the codes mean, what it rests on.
            let book = clerk.post(&handover, ask(true, "xlsx")).await;
            let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book.bytes)).expect("a workbook");
            assert_eq!(book.sheet_names(), ["统一招生名单", "代码表", "凭证"]);
            let sheet = book.worksheet_range("统一招生名单").expect("a sheet");
            assert!(matches!(sheet.get_value((1, 2)), Some(Data::String(_))), "ids are text");
            let text: Vec<String> = sheet.rows().flatten().map(ToString::to_string).collect();
            assert!(text.contains(&"制表人".to_owned()) && text.contains(&"复核人".to_owned()));
            let proof = book.worksheet_range("凭证").expect("a sheet");
            let proof: String = proof.rows().flatten().map(ToString::to_string).collect();
            assert!(
                proof.contains("名单摘要 SHA-256") && proof.contains("报送学籍系统建籍"),
                "{proof}"
            );
            let rounds = world.office.store().read().rounds(&world.season).await.expect("rounds");
            assert!(rounds.iter().any(|r| proof.contains(&r.answer_digest)));

            // One school alone, in words.
            let own = json!({"reason": "报送学籍系统建籍", "format": "csv", "school_id": school});
            let own = clerk.post(&handover, own).await;
            let own = csv_of(&own.bytes[3..]);
            assert_eq!(own.1.len(), mine.len() - 1);
            assert!(column(&own, "性别").iter().all(|x| ["男", "女"].contains(x)));
            assert!(column(&own, "准入状态").iter().all(|x| *x == "已建学籍"));
        });
    }
}

#[test]
fn oneroster_reads_back_with_every_reference_in_place() {
    let db = TestDb::sqlite();
    block_on(async {
        let (world, admissions, school) = published(&db, 240).await;
        let base = format!("/v1/seasons/{}", world.season);
        let clerk = Client::anonymous(&world).signed_in("zhao").await;
        let mut arrived = BTreeSet::new();
        for a in admissions.iter().filter(|a| a.school == school).skip(1) {
            let arrival = world.office.arrive(&world.clerk, &world.season, &a.applicant, true);
            arrival.await.expect("arrived");
            arrived.insert(a.applicant.as_str());
        }
        clerk.post(&format!("{base}/audit"), Value::Null).await.must_be(200);
        // Before there are classes: users and schools, and the manifest says what is absent.
        let early = clerk.get(&format!("{base}/oneroster")).await;
        let files = unzipped(&early.bytes);
        let names: Vec<&str> = files.keys().map(String::as_str).collect();
        let expected =
            ["academicSessions.csv", "manifest.csv", "orgs.csv", "roles.csv", "users.csv"];
        assert_eq!(names, expected);
        clerk.post(&format!("{base}/schools/{school}/records"), Value::Null).await.must_be(200);
        let classes = format!("{base}/schools/{school}/classes");
        clerk.post(&classes, json!({})).await.must_be(201);
        let one = clerk.get(&format!("{base}/oneroster")).await;
        let two = clerk.get(&format!("{base}/oneroster?school={school}")).await;
        assert_eq!(one.bytes, two.bytes, "the same students give the same bytes");
        let files = unzipped(&one.bytes);

        let manifest = csv_of(&files["manifest.csv"]);
        assert_eq!(manifest.0, ["propertyName", "value"]);
        let said: BTreeMap<&str, &str> =
            manifest.1.iter().map(|r| (r[0].as_str(), r[1].as_str())).collect();
        assert_eq!((said["manifest.version"], said["oneroster.version"]), ("1.0", "1.2"));
        assert_eq!(said.keys().filter(|k| k.starts_with("file.")).count(), 21);
        for (key, value) in said.iter().filter(|(k, _)| k.starts_with("file.")) {
            let there = files.contains_key(&format!("{}.csv", key.trim_start_matches("file.")));
            assert_eq!(*value, if there { "bulk" } else { "absent" }, "{key}");
        }

        let mut tables = BTreeMap::new();
        for (name, header) in HEADERS {
            let bytes = &files[name];
            assert!(!bytes.starts_with(b"\xef\xbb\xbf"), "{name} has a mark");
            let table = csv_of(bytes);
            let header: Vec<&str> = header.split(',').map(str::trim).collect();
            assert_eq!(table.0[..header.len()], header[..], "{name}");
            assert!(
                table.0[header.len()..].iter().all(|h| h.starts_with("metadata.cn.")),
                "{name}"
            );
            assert!(column(&table, "status").iter().all(|s| s.is_empty()), "{name}: bulk");
            let ids = column(&table, "sourcedId");
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{name}");
            tables.insert(name, table);
        }
        let ids = |name: &str| -> BTreeSet<&str> {
            column(&tables[name], "sourcedId").into_iter().collect()
        };
        for (from, field, to) in [
            ("enrollments.csv", "userSourcedId", "users.csv"),
            ("enrollments.csv", "classSourcedId", "classes.csv"),
            ("enrollments.csv", "schoolSourcedId", "orgs.csv"),
            ("classes.csv", "schoolSourcedId", "orgs.csv"),
            ("classes.csv", "courseSourcedId", "courses.csv"),
            ("classes.csv", "termSourcedIds", "academicSessions.csv"),
            ("courses.csv", "orgSourcedId", "orgs.csv"),
            ("courses.csv", "schoolYearSourcedId", "academicSessions.csv"),
            ("roles.csv", "userSourcedId", "users.csv"),
            ("roles.csv", "orgSourcedId", "orgs.csv"),
            ("users.csv", "primaryOrgSourcedId", "orgs.csv"),
        ] {
            let there = ids(to);
            let given = column(&tables[from], field);
            assert!(!given.is_empty(), "{from} {field}");
            assert!(given.iter().all(|id| there.contains(id)), "{from} {field}");
        }
        // A pupil's class is of the pupil's school.
        let class_school: BTreeMap<&str, &str> = column(&tables["classes.csv"], "sourcedId")
            .into_iter()
            .zip(column(&tables["classes.csv"], "schoolSourcedId"))
            .collect();
        let enrolled = &tables["enrollments.csv"];
        let rows = column(enrolled, "classSourcedId");
        let schools = column(enrolled, "schoolSourcedId");
        assert!(rows.iter().zip(schools).all(|(c, s)| class_school[c] == s));
        let users = &tables["users.csv"];
        let listed: BTreeSet<&str> = column(users, "identifier").into_iter().collect();
        assert_eq!(listed, arrived);
        for required in ["enabledUser", "username", "givenName", "familyName"] {
            assert!(column(users, required).iter().all(|v| !v.is_empty()), "{required}");
        }
        let names = column(users, "metadata.cn.name");
        let (family, given) = (column(users, "familyName"), column(users, "givenName"));
        assert!((0..names.len()).all(|i| format!("{}{}", family[i], given[i]) == names[i]));
        // No id number, and no registry number, which holds one.
        let known = world.office.current(&world.season).await.expect("the season");
        let text: String = files.values().map(|b| String::from_utf8_lossy(b)).collect();
        for a in known.applicants() {
            let number = a.id_number.as_deref().expect("a number");
            assert!(!text.contains(number));
        }
    });
}

#[test]
fn a_dump_comes_in_with_its_faults_and_is_reconciled_both_ways() {
    for db in TestDb::all() {
        block_on(async {
            let (world, admissions, school) = published(&db, 240).await;
            let base = format!("/v1/seasons/{}", world.season);
            let anybody = Client::anonymous(&world);
            let clerk = anybody.signed_in("zhao").await;
            let other = admissions.iter().find(|a| a.school != school).expect("another school");
            let mine: Vec<_> = admissions.iter().filter(|a| a.school == school).collect();
            for a in &mine[..5] {
                let arrival = world.office.arrive(&world.clerk, &world.season, &a.applicant, true);
                arrival.await.expect("arrived");
            }
            clerk.post(&format!("{base}/audit"), Value::Null).await.must_be(200);
            clerk.post(&format!("{base}/schools/{school}/records"), Value::Null).await.must_be(200);
            let known = world.office.current(&world.season).await.expect("the season");
            let number = |who: &str| {
                let at = known.find_applicant(who).expect("an applicant");
                known.applicant(at).id_number.clone().expect("a number").to_string()
            };

            // Of five with a record one is missing, one elsewhere, one ended, one twice; one has not arrived and is there.
            let ids: Vec<String> = mine.iter().take(6).map(|a| number(&a.applicant)).collect();
            let mut text = "身份证号,学籍学校代码,学籍状态,全国学籍号,地方学籍号\n".to_owned();
            for (id, at, status) in [
                (&ids[1], &other.school, "在读"),
                (&ids[2], &school, "退学"),
                (&ids[3], &school, "在读"),
                (&ids[3], &other.school, "在读"),
                (&ids[4], &school, "在读"),
                (&ids[5], &school, "在读"),
            ] {
                text += &format!("{id},{at},{status},G{id},CQ-{}\n", &id[14..]);
            }
            text += &format!(
                "11010519491231002X,{school},在读,,\n,{school},在读,J500222200001010000,\n"
            );
            let dumps = format!("{base}/registry-dumps");
            let broken = format!("{text}5.00222E+17,{school},在读,,\n");
            let file = |name: &str, bytes: Vec<u8>| Upload { name: name.to_owned(), bytes };
            let told = clerk.upload(&dumps, &[file("学籍.csv", broken.into_bytes())]).await;
            let told = told.must_be(422);
            assert_eq!(told["faults"][0]["cell"], "学籍.csv:10:id_number", "{told}");
            assert_eq!(told["id"], Value::Null);
            let (gb, _, _) = encoding_rs::GB18030.encode(&text);
            let told = clerk.upload(&dumps, &[file("学籍.csv", gb.to_vec())]).await.must_be(201);
            assert_eq!(told["records"], 8, "{told}");
            let list = clerk.get(&dumps).await.must_be(200);
            assert_eq!(list.as_array().map(Vec::len), Some(1));
            let list = csv_of(&clerk.get(&format!("{dumps}?format=csv")).await.bytes[3..]);
            assert_eq!(
                (column(&list, "文件"), column(&list, "行数")),
                (vec!["学籍.csv"], vec!["8"])
            );
            for bad in [file("../x.csv", vec![]), file("x.xls", vec![])] {
                assert_eq!(clerk.upload(&dumps, &[bad]).await.status.as_u16(), 409);
            }
            let long = file(&format!("{}.csv", "A".repeat(5_000)), vec![]);
            let refused = clerk.upload(&dumps, &[long]).await.must_be(409);
            assert!(refused["detail"].as_str().is_some_and(|d| d.contains("过长")), "{refused}");

            let place = format!("{dumps}/{}/reconciliation", told["id"]);
            let found = clerk.get(&place).await.must_be(200);
            let found = found.as_array().expect("a list");
            let of = |kind: &str| -> Vec<&str> {
                let of = found.iter().filter(|d| d["kind"] == kind);
                of.map(|d| d["applicant_id"].as_str().expect("an id")).collect()
            };
            let who = |at: usize| mine[at].applicant.as_str();
            assert_eq!(of("missing"), [who(0)], "{} {found:?}", db.name);
            assert_eq!(of("ended"), [who(2)]);
            assert_eq!(of("elsewhere"), [who(1), who(3)]);
            assert_eq!(of("double"), [who(3)]);
            assert_eq!(of("premature"), [who(5)]);
            assert_eq!(of("unadmitted"), [""]);
            assert_eq!(of("unidentified"), [""]);
            for d in found {
                assert!(!d["remedy"].as_str().expect("words").is_empty());
                assert!(
                    d["kind"] == "missing" || !d["records"].as_array().expect("there").is_empty(),
                    "{d}"
                );
            }
            let all = serde_json::to_string(found).expect("JSON");
            assert!(ids.iter().all(|id| !all.contains(id.as_str())), "numbers are masked");

            let csv = clerk.get(&format!("{place}?format=csv")).await;
            assert!(csv.bytes.starts_with(b"\xef\xbb\xbf"));
            assert_eq!(csv_of(&csv.bytes[3..]).1.len(), found.len());
            let book = clerk.get(&format!("{place}?format=xlsx")).await;
            let book: Xlsx<_> = Xlsx::new(Cursor::new(book.bytes)).expect("a workbook");
            assert_eq!(book.sheet_names(), ["汇总", "差异"]);
            clerk.get(&format!("{dumps}/99/reconciliation")).await.must_be(404);

            // A line written over and over makes no longer an answer than its number.
            let line = format!("{},{school},在读,G{},\n", ids[3], ids[3]);
            let again = file("学籍.csv", (text.clone() + &line.repeat(3_000)).into_bytes());
            let told = clerk.upload(&dumps, &[again]).await.must_be(201);
            let found = clerk.get(&format!("{dumps}/{}/reconciliation", told["id"])).await;
            assert!(found.bytes.len() < 100_000, "{}", found.bytes.len());
            let found = found.must_be(200);
            let double = found.as_array().expect("a list").iter().find(|d| d["kind"] == "double");
            assert_eq!(double.map(|d| &d["found"]), Some(&"3002".into()));
            clerk.send(Method::PUT, &dumps, None).await.must_be(405);
        });
    }
}
