-- The law as tables, one text for SQLite and PostgreSQL. {id}, {blob} and the like are filled in per database.
--
-- Pattern: carry the fact into the row by a composite foreign key, then CHECK it. No trigger counts anything, so no
-- race can pass it. Flags are 0 or 1, times are microseconds of UTC, scores are hundredths.

-- Seasons, people who act, decisions by two ---------------------------------------------------------------------

CREATE TABLE season (
    id          TEXT    NOT NULL PRIMARY KEY CHECK (id <> ''),
    district    TEXT    NOT NULL,
    year        INTEGER NOT NULL CHECK (year BETWEEN 2000 AND 2100),
    mode        TEXT    NOT NULL CHECK (mode IN ('drill', 'live')),
    policy      TEXT    NOT NULL,
    created_at  BIGINT  NOT NULL,
    created_by  TEXT    NOT NULL
);

-- The seed of the lottery: committed with the season, published when wishes have closed. It changes once.
CREATE TABLE lottery (
    season_id   TEXT    NOT NULL PRIMARY KEY REFERENCES season (id),
    commitment  TEXT    NOT NULL CHECK (length(commitment) = 64),
    sealed      {blob},
    revealed    INTEGER NOT NULL CHECK (revealed IN (0, 1)),
    seed        TEXT,
    revealed_by TEXT,
    revealed_at BIGINT,
    CHECK ((revealed = 1) = (seed IS NOT NULL)),
    CHECK ((revealed = 1) = (revealed_by IS NOT NULL)),
    CHECK ((revealed = 1) = (revealed_at IS NOT NULL)),
    UNIQUE (season_id, revealed)
);

CREATE TABLE account (
    name          TEXT    NOT NULL PRIMARY KEY CHECK (name <> ''),
    display       TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('clerk', 'reviewer', 'school', 'regulator', 'admin', 'machine')),
    school_id     TEXT,
    password_hash TEXT    NOT NULL,
    must_change   INTEGER NOT NULL CHECK (must_change IN (0, 1)),
    disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at    BIGINT  NOT NULL,
    CHECK ((role = 'school') = (school_id IS NOT NULL)),
    UNIQUE (name, role)
);

-- What a program shows in place of a password: kept as a hash, for machine accounts alone, for what it names alone.
CREATE TABLE machine_token (
    id           {id},
    account      TEXT    NOT NULL,
    account_role TEXT    NOT NULL CHECK (account_role = 'machine'),
    token_hash   {blob}  NOT NULL UNIQUE,
    note         TEXT    NOT NULL,
    scopes       TEXT    NOT NULL CHECK (length(trim(scopes)) > 0),
    status       TEXT    NOT NULL CHECK (status IN ('valid', 'revoked')),
    created_by   TEXT    NOT NULL REFERENCES account (name),
    created_at   BIGINT  NOT NULL,
    expires_at   BIGINT,
    used_at      BIGINT,
    revoked_at   BIGINT,
    CHECK ((status = 'revoked') = (revoked_at IS NOT NULL)),
    FOREIGN KEY (account, account_role) REFERENCES account (name, role)
);

CREATE TABLE account_session (
    token_hash {blob} NOT NULL PRIMARY KEY,
    account    TEXT   NOT NULL REFERENCES account (name),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    ended      INTEGER NOT NULL CHECK (ended IN (0, 1))
);

-- Passwords that were tried for a name, by its keyed hash, whether there is such an account or not; forgotten when the
-- rest is over. In the database, so that a second server gives nobody more tries.
CREATE TABLE sign_in_try (
    name_hash {blob}  NOT NULL PRIMARY KEY,
    tries     INTEGER NOT NULL CHECK (tries >= 1),
    since     BIGINT  NOT NULL
);

CREATE TABLE access_log (
    id      {id},
    at      BIGINT NOT NULL,
    account TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    reason  TEXT   NOT NULL
);

-- What one person proposes and another approves: plan, quota, correction, revocation, destruction of personal data. The approval is of a digest.
CREATE TABLE decision (
    id          {id},
    season_id   TEXT   NOT NULL REFERENCES season (id),
    kind        TEXT   NOT NULL CHECK (kind IN ('freeze_plan', 'quota', 'correction', 'revocation', 'retention')),
    digest      TEXT   NOT NULL CHECK (length(digest) = 64),
    note        TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    status      TEXT   NOT NULL CHECK (status IN ('proposed', 'approved', 'withdrawn')),
    proposed_by TEXT   NOT NULL REFERENCES account (name),
    proposed_at BIGINT NOT NULL,
    approved_by TEXT   REFERENCES account (name),
    approved_at BIGINT,
    CHECK (approved_by IS NULL OR approved_by <> proposed_by),
    CHECK ((status = 'approved') = (approved_by IS NOT NULL)),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    UNIQUE (id, season_id, kind, status)
);

-- Imports: staged files, folded in the order of commitment ------------------------------------------------------

CREATE TABLE import_batch (
    id           {id},
    season_id    TEXT    NOT NULL REFERENCES season (id),
    file_name    TEXT    NOT NULL,
    digest       TEXT    NOT NULL,
    content      {blob},
    status       TEXT    NOT NULL CHECK (status IN ('staged', 'refused', 'committed', 'undone')),
    summary      TEXT    NOT NULL,
    created_by   TEXT    NOT NULL REFERENCES account (name),
    created_at   BIGINT  NOT NULL,
    committed_at BIGINT,
    CHECK ((status = 'committed') = (committed_at IS NOT NULL) OR status = 'undone')
);

-- Schools and the plan, as frozen -------------------------------------------------------------------------------

CREATE TABLE school (
    season_id    TEXT    NOT NULL REFERENCES season (id),
    school_id    TEXT    NOT NULL CHECK (school_id <> ''),
    position     INTEGER NOT NULL,
    name         TEXT    NOT NULL,
    stage        TEXT    NOT NULL CHECK (stage IN ('junior', 'senior', 'complete')),
    ownership    TEXT    CHECK (ownership IN ('public', 'private')),
    tier         TEXT    CHECK (tier IN ('key', 'ordinary')),
    region       TEXT    NOT NULL,
    is_new       INTEGER NOT NULL CHECK (is_new IN (0, 1)),
    enrolled     INTEGER NOT NULL CHECK (enrolled >= 0),
    enrolled_known INTEGER NOT NULL CHECK (enrolled_known IN (0, 1)),
    school_group TEXT,
    boarding_places INTEGER CHECK (boarding_places >= 0),
    PRIMARY KEY (season_id, school_id),
    UNIQUE (season_id, school_id, is_new, enrolled)
);

CREATE TABLE graduates (
    season_id TEXT    NOT NULL,
    junior_id TEXT    NOT NULL,
    graduates INTEGER NOT NULL CHECK (graduates >= 0),
    eligible  INTEGER NOT NULL CHECK (eligible BETWEEN 0 AND graduates),
    tilt      INTEGER NOT NULL CHECK (tilt IN (0, 1)),
    boarding  INTEGER NOT NULL CHECK (boarding IN (0, 1)),
    PRIMARY KEY (season_id, junior_id),
    FOREIGN KEY (season_id, junior_id) REFERENCES school (season_id, school_id)
);

-- Append-only. More seats are a new line with its own approval number and its own decision by two. A quota cell that
-- was set by hand says why and under which document.
CREATE TABLE plan_line (
    id              {id},
    season_id       TEXT    NOT NULL,
    school_id       TEXT    NOT NULL,
    batch           TEXT    NOT NULL,
    category        TEXT    NOT NULL,
    quota           INTEGER NOT NULL CHECK (quota IN (0, 1)),
    junior_id       TEXT    NOT NULL,
    seats           INTEGER NOT NULL CHECK (seats >= 0),
    classes         INTEGER CHECK (classes >= 0),
    quota_share     TEXT,
    scope           TEXT    NOT NULL,
    approval_no     TEXT    NOT NULL CHECK (length(trim(approval_no)) > 0),
    edit_reason     TEXT    CHECK (length(trim(edit_reason)) > 0),
    edit_document   TEXT    CHECK (length(trim(edit_document)) > 0),
    decision_id     BIGINT  NOT NULL,
    decision_kind   TEXT    NOT NULL CHECK (decision_kind IN ('freeze_plan', 'quota', 'correction')),
    decision_status TEXT    NOT NULL CHECK (decision_status = 'approved'),
    recorded_at     BIGINT  NOT NULL,
    CHECK ((quota = 1) = (junior_id <> '')),
    CHECK ((edit_reason IS NULL) = (edit_document IS NULL)),
    CHECK (edit_reason IS NULL OR (quota = 1 AND decision_kind <> 'correction')),
    UNIQUE (id, season_id, school_id, batch, category, quota, junior_id, seats),
    FOREIGN KEY (season_id, school_id) REFERENCES school (season_id, school_id),
    FOREIGN KEY (decision_id, season_id, decision_kind, decision_status)
        REFERENCES decision (id, season_id, kind, status)
);

-- Seats are approved once; what a correction adds is a line of its own.
CREATE UNIQUE INDEX plan_line_once ON plan_line (season_id, school_id, batch, category, junior_id)
    WHERE decision_kind <> 'correction';

-- The regions a line admits from, one row each; '*' is any.
CREATE TABLE plan_scope (
    plan_id BIGINT NOT NULL REFERENCES plan_line (id),
    region  TEXT   NOT NULL CHECK (region <> ''),
    PRIMARY KEY (plan_id, region)
);

-- Which category's seats may be held under which: its own, or one that it returns or carries to.
CREATE TABLE seat_flow (
    season_id     TEXT    NOT NULL REFERENCES season (id),
    plan_batch    TEXT    NOT NULL,
    plan_category TEXT    NOT NULL,
    batch         TEXT    NOT NULL,
    category      TEXT    NOT NULL,
    held_quota    INTEGER NOT NULL CHECK (held_quota IN (0, 1)),
    decision_id     BIGINT NOT NULL,
    decision_kind   TEXT   NOT NULL CHECK (decision_kind = 'freeze_plan'),
    decision_status TEXT   NOT NULL CHECK (decision_status = 'approved'),
    PRIMARY KEY (season_id, plan_batch, plan_category, batch, category, held_quota),
    FOREIGN KEY (decision_id, season_id, decision_kind, decision_status)
        REFERENCES decision (id, season_id, kind, status)
);

-- Applicants and wishes -----------------------------------------------------------------------------------------

-- Id numbers are stored encrypted; person_hash is their keyed hash and the only way to search them.
CREATE TABLE applicant (
    season_id      TEXT    NOT NULL REFERENCES season (id),
    applicant_id   TEXT    NOT NULL CHECK (applicant_id <> ''),
    name           TEXT    NOT NULL,
    gender         TEXT    CHECK (gender IN ('F', 'M')),
    id_cipher      {blob},
    person_hash    {blob}  NOT NULL,
    registry_no    TEXT,
    junior_id      TEXT    NOT NULL,
    region         TEXT    NOT NULL,
    fresh          INTEGER NOT NULL CHECK (fresh IN (0, 1)),
    junior_since   TEXT,
    attended       INTEGER NOT NULL CHECK (attended IN (0, 1)),
    marks          TEXT    NOT NULL,
    bonus          INTEGER NOT NULL,
    total          INTEGER NOT NULL,
    evaluation     TEXT    CHECK (evaluation IN ('A', 'B', 'C', 'D')),
    tie_class      INTEGER NOT NULL,
    quota_eligible INTEGER NOT NULL CHECK (quota_eligible IN (0, 1)),
    barred         INTEGER NOT NULL CHECK (barred IN (0, 1)),
    lookup_hash    {blob},
    PRIMARY KEY (season_id, applicant_id),
    UNIQUE (season_id, person_hash),
    UNIQUE (season_id, applicant_id, person_hash),
    UNIQUE (season_id, applicant_id, region, junior_id, quota_eligible, barred),
    FOREIGN KEY (season_id, junior_id) REFERENCES school (season_id, school_id)
);

CREATE TABLE special_score (
    season_id    TEXT    NOT NULL,
    applicant_id TEXT    NOT NULL,
    category     TEXT    NOT NULL,
    school_id    TEXT    NOT NULL,
    score        INTEGER NOT NULL,
    qualified    INTEGER NOT NULL CHECK (qualified IN (0, 1)),
    test_date    TEXT    NOT NULL,
    PRIMARY KEY (season_id, applicant_id, category, school_id),
    FOREIGN KEY (season_id, applicant_id) REFERENCES applicant (season_id, applicant_id)
);

CREATE TABLE restriction (
    season_id    TEXT NOT NULL,
    applicant_id TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('barred', 'quota_ineligible')),
    reason       TEXT NOT NULL,
    document     TEXT NOT NULL,
    PRIMARY KEY (season_id, applicant_id, kind),
    FOREIGN KEY (season_id, applicant_id) REFERENCES applicant (season_id, applicant_id)
);

CREATE TABLE tie_decision (
    season_id    TEXT    NOT NULL,
    batch        TEXT    NOT NULL,
    applicant_id TEXT    NOT NULL,
    ord          INTEGER NOT NULL CHECK (ord >= 0),
    document     TEXT    NOT NULL CHECK (length(trim(document)) > 0),
    recorded_by  TEXT    NOT NULL REFERENCES account (name),
    recorded_at  BIGINT  NOT NULL,
    PRIMARY KEY (season_id, batch, applicant_id),
    FOREIGN KEY (season_id, applicant_id) REFERENCES applicant (season_id, applicant_id)
);

-- The calendar of the policy binds a live season: no window opens or closes early. 0 binds nobody.
CREATE TABLE wish_window (
    season_id TEXT   NOT NULL REFERENCES season (id),
    batch     TEXT   NOT NULL,
    opens_at  BIGINT NOT NULL DEFAULT 0,
    closes_at BIGINT NOT NULL DEFAULT 0,
    status    TEXT   NOT NULL CHECK (status IN ('open', 'closed')),
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT   REFERENCES account (name),
    digest    TEXT,
    PRIMARY KEY (season_id, batch),
    UNIQUE (season_id, batch, status),
    CHECK (opened_at >= opens_at),
    CHECK (closed_at >= closes_at),
    CHECK ((status = 'closed') = (closed_at IS NOT NULL)),
    CHECK ((status = 'closed') = (digest IS NOT NULL))
);

-- Append-only: a change of wishes is a new version; the highest counts.
CREATE TABLE wish_list (
    id           {id},
    season_id    TEXT    NOT NULL,
    batch        TEXT    NOT NULL,
    applicant_id TEXT    NOT NULL,
    version      INTEGER NOT NULL CHECK (version >= 1),
    recorded_by  TEXT    NOT NULL REFERENCES account (name),
    recorded_at  BIGINT  NOT NULL,
    UNIQUE (season_id, batch, applicant_id, version),
    FOREIGN KEY (season_id, applicant_id) REFERENCES applicant (season_id, applicant_id),
    FOREIGN KEY (season_id, batch) REFERENCES wish_window (season_id, batch)
);

CREATE TABLE wish (
    list_id   BIGINT  NOT NULL REFERENCES wish_list (id),
    position  INTEGER NOT NULL CHECK (position >= 1),
    school_id TEXT    NOT NULL,
    category  TEXT,
    adjust    INTEGER NOT NULL CHECK (adjust IN (0, 1)),
    PRIMARY KEY (list_id, position)
);

-- Rounds and admissions -----------------------------------------------------------------------------------------

CREATE TABLE job (
    id          {id},
    season_id   TEXT    NOT NULL REFERENCES season (id),
    kind        TEXT    NOT NULL CHECK (kind IN ('run_batch')),
    batch       TEXT    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    cancel      INTEGER NOT NULL CHECK (cancel IN (0, 1)),
    step        TEXT    NOT NULL,
    worker      TEXT,
    heartbeat   BIGINT,
    attempt     INTEGER NOT NULL,
    message     TEXT    NOT NULL,
    round_id    BIGINT,
    created_by  TEXT    NOT NULL REFERENCES account (name),
    created_at  BIGINT  NOT NULL,
    finished_at BIGINT
);

-- One run of one batch, whose wishes are closed and whose lottery is public. A published round is immutable, and only
-- a verified one of which two people signed one digest.
CREATE TABLE round (
    id            {id},
    season_id     TEXT    NOT NULL REFERENCES season (id),
    batch         TEXT    NOT NULL,
    window_status TEXT    NOT NULL DEFAULT 'closed' CHECK (window_status = 'closed'),
    drawn         INTEGER NOT NULL DEFAULT 1 CHECK (drawn = 1),
    status        TEXT    NOT NULL CHECK (status IN ('computed', 'proposed', 'published', 'discarded')),
    verified      INTEGER NOT NULL CHECK (verified IN (0, 1)),
    input_digest  TEXT    NOT NULL CHECK (length(input_digest) = 64),
    answer_digest TEXT    NOT NULL CHECK (length(answer_digest) = 64),
    seed          TEXT    NOT NULL,
    certificate   TEXT    NOT NULL,
    answer        {blob}  NOT NULL,
    computed_by   TEXT    NOT NULL REFERENCES account (name),
    computed_at   BIGINT  NOT NULL,
    proposed_by   TEXT    REFERENCES account (name),
    proposed_at   BIGINT,
    signed_digest TEXT,
    approved_by   TEXT    REFERENCES account (name),
    published_at  BIGINT,
    CHECK (approved_by IS NULL OR approved_by <> proposed_by),
    CHECK (status NOT IN ('proposed', 'published') OR (proposed_by IS NOT NULL AND proposed_at IS NOT NULL)),
    CHECK (status NOT IN ('proposed', 'published') OR (verified = 1 AND signed_digest = answer_digest)),
    CHECK (status <> 'published' OR (signed_digest IS NOT NULL AND verified = 1)),
    CHECK ((status = 'published') = (approved_by IS NOT NULL)),
    CHECK ((status = 'published') = (published_at IS NOT NULL)),
    UNIQUE (id, season_id, batch, status),
    FOREIGN KEY (season_id, batch, window_status) REFERENCES wish_window (season_id, batch, status),
    FOREIGN KEY (season_id, drawn) REFERENCES lottery (season_id, revealed)
);
CREATE UNIQUE INDEX round_published ON round (season_id, batch) WHERE status = 'published';

-- An admission holds a numbered seat of an approved line, in region, eligible, of a published round; nothing else can
-- be written. A quota seat held as a quota seat belongs to the holder's own junior school.
CREATE TABLE admission (
    id               {id},
    season_id        TEXT    NOT NULL,
    applicant_id     TEXT    NOT NULL,
    applicant_region TEXT    NOT NULL,
    applicant_junior TEXT    NOT NULL,
    quota_eligible   INTEGER NOT NULL,
    barred           INTEGER NOT NULL CHECK (barred = 0),
    plan_id          BIGINT  NOT NULL,
    school_id        TEXT    NOT NULL,
    plan_batch       TEXT    NOT NULL,
    plan_category    TEXT    NOT NULL,
    plan_quota       INTEGER NOT NULL,
    plan_junior      TEXT    NOT NULL,
    plan_seats       INTEGER NOT NULL,
    seat_no          INTEGER NOT NULL,
    scope_region     TEXT    NOT NULL,
    batch            TEXT    NOT NULL,
    category         TEXT    NOT NULL,
    held_quota       INTEGER NOT NULL,
    position         INTEGER NOT NULL CHECK (position >= 0),
    total            INTEGER NOT NULL,
    round_id         BIGINT  NOT NULL,
    round_status     TEXT    NOT NULL CHECK (round_status = 'published'),
    correction_id     BIGINT,
    correction_kind   TEXT CHECK (correction_kind = 'correction'),
    correction_status TEXT CHECK (correction_status = 'approved'),
    active            INTEGER NOT NULL CHECK (active IN (0, 1)),
    revocation_id     BIGINT,
    revocation_kind   TEXT CHECK (revocation_kind IN ('revocation', 'correction')),
    revocation_status TEXT CHECK (revocation_status = 'approved'),
    recorded_at       BIGINT NOT NULL,
    CHECK (seat_no BETWEEN 1 AND plan_seats),
    CHECK (scope_region = '*' OR scope_region = applicant_region),
    CHECK (held_quota = 0 OR (plan_quota = 1 AND plan_junior = applicant_junior AND quota_eligible = 1)),
    CHECK ((active = 0) = (revocation_id IS NOT NULL)),
    CHECK ((revocation_id IS NULL) = (revocation_kind IS NULL)),
    CHECK ((revocation_id IS NULL) = (revocation_status IS NULL)),
    CHECK ((correction_id IS NULL) = (correction_kind IS NULL)),
    CHECK ((correction_id IS NULL) = (correction_status IS NULL)),
    UNIQUE (id, active),
    UNIQUE (id, season_id, applicant_id, school_id, active),
    FOREIGN KEY (season_id, applicant_id, applicant_region, applicant_junior, quota_eligible, barred)
        REFERENCES applicant (season_id, applicant_id, region, junior_id, quota_eligible, barred),
    FOREIGN KEY (plan_id, season_id, school_id, plan_batch, plan_category, plan_quota, plan_junior, plan_seats)
        REFERENCES plan_line (id, season_id, school_id, batch, category, quota, junior_id, seats),
    FOREIGN KEY (plan_id, scope_region) REFERENCES plan_scope (plan_id, region),
    FOREIGN KEY (season_id, plan_batch, plan_category, batch, category, held_quota)
        REFERENCES seat_flow (season_id, plan_batch, plan_category, batch, category, held_quota),
    FOREIGN KEY (round_id, season_id, batch, round_status)
        REFERENCES round (id, season_id, batch, status) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (correction_id, season_id, correction_kind, correction_status)
        REFERENCES decision (id, season_id, kind, status),
    FOREIGN KEY (revocation_id, season_id, revocation_kind, revocation_status)
        REFERENCES decision (id, season_id, kind, status)
);
CREATE UNIQUE INDEX admission_seat ON admission (plan_id, seat_no) WHERE active = 1;
CREATE UNIQUE INDEX admission_person ON admission (season_id, applicant_id) WHERE active = 1;
CREATE INDEX admission_school ON admission (season_id, school_id);

-- Arrivals, clearances, registry --------------------------------------------------------------------------------

CREATE TABLE arrival (
    admission_id     BIGINT  NOT NULL PRIMARY KEY,
    season_id        TEXT    NOT NULL,
    applicant_id     TEXT    NOT NULL,
    school_id        TEXT    NOT NULL,
    admission_active INTEGER CHECK (admission_active = 1),
    arrived          INTEGER NOT NULL CHECK (arrived IN (0, 1)),
    recorded_by      TEXT    NOT NULL REFERENCES account (name),
    recorded_at      BIGINT  NOT NULL,
    CHECK ((arrived = 1) = (admission_active IS NOT NULL)),
    UNIQUE (admission_id, arrived),
    FOREIGN KEY (admission_id, season_id, applicant_id, school_id, admission_active)
        REFERENCES admission (id, season_id, applicant_id, school_id, active)
);

-- What the audit of a published season cleared, and what it did not, with the reason. Withdrawn, it can open no record.
CREATE TABLE clearance (
    admission_id     BIGINT  NOT NULL PRIMARY KEY REFERENCES admission (id),
    admission_active INTEGER CHECK (admission_active = 1),
    valid            INTEGER NOT NULL CHECK (valid IN (0, 1)),
    reason           TEXT    NOT NULL,
    audit_digest     TEXT    NOT NULL CHECK (length(audit_digest) = 64),
    issued_at        BIGINT  NOT NULL,
    CHECK ((valid = 1) = (admission_active IS NOT NULL)),
    CHECK ((valid = 1) = (reason = '')),
    UNIQUE (admission_id, valid),
    FOREIGN KEY (admission_id, admission_active) REFERENCES admission (id, active)
);

-- An open record rests on an active admission of that person at that school, an arrival and a valid clearance; while it
-- is open none of the three can be taken away. A new school's heads are numbered up to 3000 above those it has.
CREATE TABLE registry_record (
    id               {id},
    season_id        TEXT    NOT NULL,
    applicant_id     TEXT    NOT NULL,
    person_hash      {blob}  NOT NULL,
    school_id        TEXT    NOT NULL,
    school_is_new    INTEGER NOT NULL,
    school_enrolled  INTEGER NOT NULL,
    head_no          INTEGER NOT NULL,
    admission_id     BIGINT  NOT NULL,
    admission_active INTEGER CHECK (admission_active = 1),
    arrived          INTEGER CHECK (arrived = 1),
    cleared          INTEGER CHECK (cleared = 1),
    status           TEXT    NOT NULL CHECK (status IN ('open', 'withdrawn')),
    opened_by        TEXT    NOT NULL REFERENCES account (name),
    opened_at        BIGINT  NOT NULL,
    withdrawn_at     BIGINT,
    CHECK ((status = 'open') = (admission_active IS NOT NULL)),
    CHECK ((status = 'open') = (arrived IS NOT NULL)),
    CHECK ((status = 'open') = (cleared IS NOT NULL)),
    CHECK ((status = 'withdrawn') = (withdrawn_at IS NOT NULL)),
    CHECK (head_no > school_enrolled),
    CHECK (school_is_new = 0 OR head_no <= 3000),
    UNIQUE (id, season_id, school_id, status),
    FOREIGN KEY (season_id, applicant_id, person_hash) REFERENCES applicant (season_id, applicant_id, person_hash),
    FOREIGN KEY (season_id, school_id, school_is_new, school_enrolled)
        REFERENCES school (season_id, school_id, is_new, enrolled),
    FOREIGN KEY (admission_id, season_id, applicant_id, school_id, admission_active)
        REFERENCES admission (id, season_id, applicant_id, school_id, active),
    FOREIGN KEY (admission_id, arrived) REFERENCES arrival (admission_id, arrived),
    FOREIGN KEY (admission_id, cleared) REFERENCES clearance (admission_id, valid)
);
CREATE UNIQUE INDEX registry_person ON registry_record (person_hash) WHERE status = 'open';
CREATE UNIQUE INDEX registry_admission ON registry_record (admission_id) WHERE status = 'open';
CREATE UNIQUE INDEX registry_head ON registry_record (season_id, school_id, head_no) WHERE status = 'open';

-- Classes of at most 55. Dividing again is a new formation; the highest counts.
CREATE TABLE class_group (
    id        {id},
    season_id TEXT    NOT NULL,
    school_id TEXT    NOT NULL,
    formation INTEGER NOT NULL CHECK (formation >= 1),
    name      TEXT    NOT NULL,
    cap       INTEGER NOT NULL CHECK (cap BETWEEN 1 AND 55),
    UNIQUE (season_id, school_id, formation, name),
    UNIQUE (id, season_id, school_id, formation),
    UNIQUE (id, season_id, school_id, formation, cap),
    FOREIGN KEY (season_id, school_id) REFERENCES school (season_id, school_id)
);

-- A pupil sits in a class as long as the record is open: who leaves frees the seat, and a record is withdrawn after that.
CREATE TABLE class_member (
    id            {id},
    class_id      BIGINT  NOT NULL,
    season_id     TEXT    NOT NULL,
    school_id     TEXT    NOT NULL,
    formation     INTEGER NOT NULL,
    cap           INTEGER NOT NULL,
    seat_no       INTEGER NOT NULL,
    record_id     BIGINT  NOT NULL,
    record_status TEXT    CHECK (record_status = 'open'),
    active        INTEGER NOT NULL CHECK (active IN (0, 1)),
    left_at       BIGINT,
    CHECK (seat_no BETWEEN 1 AND cap),
    CHECK ((active = 1) = (record_status IS NOT NULL)),
    CHECK ((active = 1) = (left_at IS NULL)),
    UNIQUE (record_id, formation),
    UNIQUE (id, season_id, school_id, formation, record_id, active),
    FOREIGN KEY (class_id, season_id, school_id, formation, cap)
        REFERENCES class_group (id, season_id, school_id, formation, cap),
    FOREIGN KEY (record_id, season_id, school_id, record_status)
        REFERENCES registry_record (id, season_id, school_id, status)
);
CREATE UNIQUE INDEX class_member_seat ON class_member (class_id, seat_no) WHERE active = 1;

-- Teaching sections of at most 55, formed of the classes of one division: in a block of the timetable, in the room of a
-- class or in a numbered room beside. Forming again is a new formation; the highest counts, as long as the classes do.
CREATE TABLE section_group (
    id              {id},
    season_id       TEXT    NOT NULL,
    school_id       TEXT    NOT NULL,
    class_formation INTEGER NOT NULL,
    formation       INTEGER NOT NULL CHECK (formation >= 1),
    subject         TEXT    NOT NULL CHECK (subject IN ('physics', 'history', 'chemistry', 'biology', 'politics',
        'geography')),
    block           INTEGER NOT NULL CHECK (block BETWEEN 1 AND 6),
    number          INTEGER NOT NULL CHECK (number >= 1),
    cap             INTEGER NOT NULL CHECK (cap BETWEEN 1 AND 55),
    home_class_id   BIGINT,
    room_no         INTEGER CHECK (room_no >= 1),
    CHECK ((home_class_id IS NULL) = (room_no IS NOT NULL)),
    UNIQUE (season_id, school_id, formation, subject, block, number),
    UNIQUE (season_id, school_id, formation, block, home_class_id),
    UNIQUE (season_id, school_id, formation, block, room_no),
    UNIQUE (id, season_id, school_id, class_formation, formation, subject, block, cap),
    FOREIGN KEY (season_id, school_id) REFERENCES school (season_id, school_id),
    FOREIGN KEY (home_class_id, season_id, school_id, class_formation)
        REFERENCES class_group (id, season_id, school_id, formation)
);

-- A pupil sits in a section as long as the class place is held, once in a subject and once in a block: who leaves the
-- class leaves the sections before that.
CREATE TABLE section_member (
    id              {id},
    section_id      BIGINT  NOT NULL,
    season_id       TEXT    NOT NULL,
    school_id       TEXT    NOT NULL,
    class_formation INTEGER NOT NULL,
    formation       INTEGER NOT NULL,
    subject         TEXT    NOT NULL,
    block           INTEGER NOT NULL,
    cap             INTEGER NOT NULL,
    seat_no         INTEGER NOT NULL,
    place_id        BIGINT  NOT NULL,
    record_id       BIGINT  NOT NULL,
    place_active    INTEGER CHECK (place_active = 1),
    active          INTEGER NOT NULL CHECK (active IN (0, 1)),
    left_at         BIGINT,
    CHECK (seat_no BETWEEN 1 AND cap),
    CHECK ((active = 1) = (place_active IS NOT NULL)),
    CHECK ((active = 1) = (left_at IS NULL)),
    FOREIGN KEY (section_id, season_id, school_id, class_formation, formation, subject, block, cap)
        REFERENCES section_group (id, season_id, school_id, class_formation, formation, subject, block, cap),
    FOREIGN KEY (place_id, season_id, school_id, class_formation, record_id, place_active)
        REFERENCES class_member (id, season_id, school_id, formation, record_id, active)
);
CREATE UNIQUE INDEX section_member_seat ON section_member (section_id, seat_no) WHERE active = 1;
CREATE UNIQUE INDEX section_member_subject ON section_member (record_id, formation, subject) WHERE active = 1;
CREATE UNIQUE INDEX section_member_block ON section_member (record_id, formation, block) WHERE active = 1;
CREATE INDEX section_member_place ON section_member (place_id);

-- What the registry system says, as it was brought: sealed, and compared as a whole. The content may be destroyed.
CREATE TABLE registry_dump (
    id         {id},
    season_id  TEXT    NOT NULL REFERENCES season (id),
    file_name  TEXT    NOT NULL,
    digest     TEXT    NOT NULL CHECK (length(digest) = 64),
    content    {blob},
    row_count  INTEGER NOT NULL CHECK (row_count >= 0),
    created_by TEXT    NOT NULL REFERENCES account (name),
    created_at BIGINT  NOT NULL
);

-- The ledger ----------------------------------------------------------------------------------------------------

CREATE TABLE ledger_entry (
    seq         BIGINT NOT NULL PRIMARY KEY CHECK (seq >= 0),
    recorded_at BIGINT NOT NULL,
    leaf        {blob} NOT NULL
);

-- Personal data and their salt; may be destroyed, the leaf holds only their commitment.
CREATE TABLE ledger_payload (
    seq       BIGINT NOT NULL PRIMARY KEY REFERENCES ledger_entry (seq),
    season_id TEXT   NOT NULL REFERENCES season (id),
    salt      {blob},
    payload   {blob},
    CHECK ((salt IS NULL) = (payload IS NULL))
);

-- What the registry system is told, in the order of the ledger and in the transaction of the act.
CREATE TABLE gate_event (
    seq          BIGINT  NOT NULL REFERENCES ledger_entry (seq),
    nth          INTEGER NOT NULL CHECK (nth >= 0),
    season_id    TEXT    NOT NULL REFERENCES season (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('admission_published', 'admission_revoked', 'arrived',
        'arrival_undone', 'cleared', 'clearance_withdrawn', 'record_opened', 'record_withdrawn')),
    admission_id BIGINT  NOT NULL REFERENCES admission (id),
    PRIMARY KEY (seq, nth)
);

CREATE TABLE checkpoint (
    size        BIGINT NOT NULL PRIMARY KEY,
    note        TEXT   NOT NULL,
    recorded_at BIGINT NOT NULL
);

-- Answers to requests that may be sent again. The answer is encrypted, absent until there is one, and forgotten with
-- the row after a day.
CREATE TABLE idempotency (
    key_hash       {blob}  NOT NULL PRIMARY KEY,
    request_digest TEXT    NOT NULL CHECK (length(request_digest) = 64),
    answer         {blob},
    created_at     BIGINT  NOT NULL
);
CREATE INDEX idempotency_age ON idempotency (created_at);
