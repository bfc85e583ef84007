# The habits of the project; `just` lists them.

default:
    @just --list

# Everything a change must pass.
check: lint test

lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# The README's second command.
test:
    cargo test --workspace --locked

# The README's first command.
demo *ARGS:
    cargo run --locked -p luqu -- demo {{ARGS}}

# Licences, advisories, sources (needs cargo-deny).
deny:
    cargo deny check

# Placement against its floor: growth curve and peak memory up to MOST applicants.
growth MOST="1000000":
    cargo run --release --locked -p luqu-benches --bin growth -- {{MOST}}

# Side by side with other implementations (needs python3 and the network of the package registries).
peers *ARGS:
    benches/peers/run {{ARGS}}

# Mutated files against the reader: csv, policy, the parser of workbooks, and the whole road of an xlsx (a process each).
fuzz COUNT="1000000":
    cargo build --release --locked -p luqu
    cargo run --release --locked -p luqu --example fuzz -- csv {{COUNT}}
    cargo run --release --locked -p luqu --example fuzz -- policy {{COUNT}}
    cargo run --release --locked -p luqu --example fuzz -- xlsx-parser {{COUNT}}
    cargo run --release --locked -p luqu --example fuzz -- xlsx 2000

# The figures of docs/TRUST.md: g1 … g21, bulk, growth; `just figures g4 long` for the long form.
figures *WHICH:
    benches/figures {{WHICH}}

# Generated requests against the API as three roles: none may be a fault of the server (needs python3 and PyPI).
api-fuzz CASES="10000":
    cargo build --locked -p luqu
    test -d target/schemathesis || python3 -m venv target/schemathesis
    target/schemathesis/bin/pip -q install schemathesis==4.32.5
    PATH="$PWD/target/schemathesis/bin:$PATH" tests/schemathesis/run.py target/debug/luqu {{CASES}}
