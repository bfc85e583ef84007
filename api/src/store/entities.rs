//! The rows of the tables as `sea-orm` entities. They never leave this room.
//!
//! What a column means, and which rows can exist, stands in `schema/tables.sql`.

use sea_orm::entity::prelude::*;

macro_rules! entities {
    ($($module:ident $table:literal { $($(#[$attribute:meta])* $field:ident: $kind:ty,)* })*) => {$(
        #[allow(dead_code, unreachable_pub, reason = "the derives make more than this room asks for")]
        pub(super) mod $module {
            use super::*;

            #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
            #[sea_orm(table_name = $table)]
            pub struct Model {
                $($(#[$attribute])* pub $field: $kind,)*
            }

            #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
            pub enum Relation {}

            impl ActiveModelBehavior for ActiveModel {}
        }
    )*};
}

entities! {
    season "season" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: String,
        district: String,
        year: i32,
        mode: String,
        policy: String,
        created_at: i64,
        created_by: String,
    }
    lottery "lottery" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        commitment: String,
        sealed: Option<Vec<u8>>,
        revealed: i32,
        seed: Option<String>,
        revealed_by: Option<String>,
        revealed_at: Option<i64>,
    }
    account "account" {
        #[sea_orm(primary_key, auto_increment = false)]
        name: String,
        display: String,
        role: String,
        school_id: Option<String>,
        password_hash: String,
        must_change: i32,
        disabled: i32,
        created_at: i64,
    }
    machine_token "machine_token" {
        #[sea_orm(primary_key)]
        id: i64,
        account: String,
        account_role: String,
        token_hash: Vec<u8>,
        note: String,
        scopes: String,
        status: String,
        created_by: String,
        created_at: i64,
        expires_at: Option<i64>,
        used_at: Option<i64>,
        revoked_at: Option<i64>,
    }
    account_session "account_session" {
        #[sea_orm(primary_key, auto_increment = false)]
        token_hash: Vec<u8>,
        account: String,
        created_at: i64,
        seen_at: i64,
        ended: i32,
    }
    sign_in_try "sign_in_try" {
        #[sea_orm(primary_key, auto_increment = false)]
        name_hash: Vec<u8>,
        tries: i32,
        since: i64,
    }
    access_log "access_log" {
        #[sea_orm(primary_key)]
        id: i64,
        at: i64,
        account: String,
        action: String,
        subject: String,
        reason: String,
    }
    decision "decision" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        kind: String,
        digest: String,
        note: String,
        body: String,
        status: String,
        proposed_by: String,
        proposed_at: i64,
        approved_by: Option<String>,
        approved_at: Option<i64>,
    }
    import_batch "import_batch" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        file_name: String,
        digest: String,
        content: Option<Vec<u8>>,
        status: String,
        summary: String,
        created_by: String,
        created_at: i64,
        committed_at: Option<i64>,
    }
    school "school" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        school_id: String,
        position: i32,
        name: String,
        stage: String,
        ownership: Option<String>,
        tier: Option<String>,
        region: String,
        is_new: i32,
        enrolled: i32,
        enrolled_known: i32,
        school_group: Option<String>,
        boarding_places: Option<i32>,
    }
    graduates "graduates" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        junior_id: String,
        graduates: i32,
        eligible: i32,
        tilt: i32,
        boarding: i32,
    }
    plan_line "plan_line" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        school_id: String,
        batch: String,
        category: String,
        quota: i32,
        junior_id: String,
        seats: i32,
        classes: Option<i32>,
        quota_share: Option<String>,
        scope: String,
        approval_no: String,
        edit_reason: Option<String>,
        edit_document: Option<String>,
        decision_id: i64,
        decision_kind: String,
        decision_status: String,
        recorded_at: i64,
    }
    plan_scope "plan_scope" {
        #[sea_orm(primary_key, auto_increment = false)]
        plan_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        region: String,
    }
    seat_flow "seat_flow" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        plan_batch: String,
        #[sea_orm(primary_key, auto_increment = false)]
        plan_category: String,
        #[sea_orm(primary_key, auto_increment = false)]
        batch: String,
        #[sea_orm(primary_key, auto_increment = false)]
        category: String,
        #[sea_orm(primary_key, auto_increment = false)]
        held_quota: i32,
        decision_id: i64,
        decision_kind: String,
        decision_status: String,
    }
    applicant "applicant" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        applicant_id: String,
        name: String,
        gender: Option<String>,
        id_cipher: Option<Vec<u8>>,
        person_hash: Vec<u8>,
        registry_no: Option<String>,
        junior_id: String,
        region: String,
        fresh: i32,
        junior_since: Option<String>,
        attended: i32,
        marks: String,
        bonus: i32,
        total: i32,
        evaluation: Option<String>,
        tie_class: i32,
        quota_eligible: i32,
        barred: i32,
        lookup_hash: Option<Vec<u8>>,
    }
    special_score "special_score" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        applicant_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        category: String,
        #[sea_orm(primary_key, auto_increment = false)]
        school_id: String,
        score: i32,
        qualified: i32,
        test_date: String,
    }
    restriction "restriction" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        applicant_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        kind: String,
        reason: String,
        document: String,
    }
    tie_decision "tie_decision" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        batch: String,
        #[sea_orm(primary_key, auto_increment = false)]
        applicant_id: String,
        ord: i32,
        document: String,
        recorded_by: String,
        recorded_at: i64,
    }
    wish_window "wish_window" {
        #[sea_orm(primary_key, auto_increment = false)]
        season_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        batch: String,
        opens_at: i64,
        closes_at: i64,
        status: String,
        opened_at: i64,
        closed_at: Option<i64>,
        closed_by: Option<String>,
        digest: Option<String>,
    }
    wish_list "wish_list" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        batch: String,
        applicant_id: String,
        version: i32,
        recorded_by: String,
        recorded_at: i64,
    }
    wish "wish" {
        #[sea_orm(primary_key, auto_increment = false)]
        list_id: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        position: i32,
        school_id: String,
        category: Option<String>,
        adjust: i32,
    }
    job "job" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        kind: String,
        batch: String,
        status: String,
        cancel: i32,
        step: String,
        worker: Option<String>,
        heartbeat: Option<i64>,
        attempt: i32,
        message: String,
        round_id: Option<i64>,
        created_by: String,
        created_at: i64,
        finished_at: Option<i64>,
    }
    round "round" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        batch: String,
        status: String,
        verified: i32,
        input_digest: String,
        answer_digest: String,
        seed: String,
        certificate: String,
        answer: Vec<u8>,
        computed_by: String,
        computed_at: i64,
        proposed_by: Option<String>,
        proposed_at: Option<i64>,
        signed_digest: Option<String>,
        approved_by: Option<String>,
        published_at: Option<i64>,
    }
    admission "admission" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        applicant_id: String,
        applicant_region: String,
        applicant_junior: String,
        quota_eligible: i32,
        barred: i32,
        plan_id: i64,
        school_id: String,
        plan_batch: String,
        plan_category: String,
        plan_quota: i32,
        plan_junior: String,
        plan_seats: i32,
        seat_no: i32,
        scope_region: String,
        batch: String,
        category: String,
        held_quota: i32,
        position: i32,
        total: i32,
        round_id: i64,
        round_status: String,
        correction_id: Option<i64>,
        correction_kind: Option<String>,
        correction_status: Option<String>,
        active: i32,
        revocation_id: Option<i64>,
        revocation_kind: Option<String>,
        revocation_status: Option<String>,
        recorded_at: i64,
    }
    arrival "arrival" {
        #[sea_orm(primary_key, auto_increment = false)]
        admission_id: i64,
        season_id: String,
        applicant_id: String,
        school_id: String,
        admission_active: Option<i32>,
        arrived: i32,
        recorded_by: String,
        recorded_at: i64,
    }
    clearance "clearance" {
        #[sea_orm(primary_key, auto_increment = false)]
        admission_id: i64,
        admission_active: Option<i32>,
        valid: i32,
        reason: String,
        audit_digest: String,
        issued_at: i64,
    }
    registry_record "registry_record" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        applicant_id: String,
        person_hash: Vec<u8>,
        school_id: String,
        school_is_new: i32,
        school_enrolled: i32,
        head_no: i32,
        admission_id: i64,
        admission_active: Option<i32>,
        arrived: Option<i32>,
        cleared: Option<i32>,
        status: String,
        opened_by: String,
        opened_at: i64,
        withdrawn_at: Option<i64>,
    }
    class_group "class_group" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        school_id: String,
        formation: i32,
        name: String,
        cap: i32,
    }
    class_member "class_member" {
        #[sea_orm(primary_key)]
        id: i64,
        class_id: i64,
        season_id: String,
        school_id: String,
        formation: i32,
        cap: i32,
        seat_no: i32,
        record_id: i64,
        record_status: Option<String>,
        active: i32,
        left_at: Option<i64>,
    }
    section_group "section_group" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        school_id: String,
        class_formation: i32,
        formation: i32,
        subject: String,
        block: i32,
        number: i32,
        cap: i32,
        home_class_id: Option<i64>,
        room_no: Option<i32>,
    }
    section_member "section_member" {
        #[sea_orm(primary_key)]
        id: i64,
        section_id: i64,
        season_id: String,
        school_id: String,
        class_formation: i32,
        formation: i32,
        subject: String,
        block: i32,
        cap: i32,
        seat_no: i32,
        place_id: i64,
        record_id: i64,
        place_active: Option<i32>,
        active: i32,
        left_at: Option<i64>,
    }
    registry_dump "registry_dump" {
        #[sea_orm(primary_key)]
        id: i64,
        season_id: String,
        file_name: String,
        digest: String,
        content: Option<Vec<u8>>,
        row_count: i32,
        created_by: String,
        created_at: i64,
    }
    gate_event "gate_event" {
        #[sea_orm(primary_key, auto_increment = false)]
        seq: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        nth: i32,
        season_id: String,
        kind: String,
        admission_id: i64,
    }
    ledger_entry "ledger_entry" {
        #[sea_orm(primary_key, auto_increment = false)]
        seq: i64,
        recorded_at: i64,
        leaf: Vec<u8>,
    }
    ledger_payload "ledger_payload" {
        #[sea_orm(primary_key, auto_increment = false)]
        seq: i64,
        season_id: String,
        salt: Option<Vec<u8>>,
        payload: Option<Vec<u8>>,
    }
    checkpoint "checkpoint" {
        #[sea_orm(primary_key, auto_increment = false)]
        size: i64,
        note: String,
        recorded_at: i64,
    }
    idempotency "idempotency" {
        #[sea_orm(primary_key, auto_increment = false)]
        key_hash: Vec<u8>,
        request_digest: String,
        answer: Option<Vec<u8>>,
        created_at: i64,
    }
}
