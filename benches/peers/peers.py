"""Runs one peer on a market file and writes `applicant,school` lines. `peers.py NAME MARKET OUT`.

Each peer is called as its own documentation shows, on orders built from the scores in the file.
"""
import sys


def read(path):
    with open(path) as lines:
        seats = [int(n) for n in next(lines).split()]
        wishes, scores = [], []
        for line in lines:
            own = line.rstrip("\n").split("|")
            wishes.append([int(w) for w in own[0].split()])
            scores.append([int(s) for s in own[1].split()] if len(own) > 1 else None)
    return seats, wishes, scores


def orders(seats, wishes, scores):
    """Who each school ranks, best first."""
    ranked = [[] for _ in seats]
    for applicant, mine in enumerate(wishes):
        for at, school in enumerate(mine):
            ranked[school].append((-scores[applicant][at], applicant))
    return [[a for _, a in sorted(r)] for r in ranked]


def matching(seats, wishes, scores):
    from matching.games import HospitalResident

    ranked = orders(seats, wishes, scores)
    residents = {f"a{a}": [f"s{s}" for s in mine] for a, mine in enumerate(wishes) if mine}
    hospitals = {f"s{s}": [f"a{a}" for a in r] for s, r in enumerate(ranked) if r}
    capacities = {f"s{s}": seats[s] for s, r in enumerate(ranked) if r}
    game = HospitalResident.create_from_dictionaries(residents, hospitals, capacities)
    for hospital, matched in game.solve(optimal="resident").items():
        for resident in matched:
            yield int(str(resident)[1:]), int(str(hospital)[1:])


def algmatch(seats, wishes, scores):
    from algmatch import HospitalResidentsProblem

    ranked = orders(seats, wishes, scores)
    # Indices from 1, schools that somebody wants only.
    kept = {s: i + 1 for i, s in enumerate(s for s, r in enumerate(ranked) if r)}
    back = {i: s for s, i in kept.items()}
    instance = {
        "residents": {a + 1: [kept[s] for s in mine] for a, mine in enumerate(wishes) if mine},
        "hospitals": {
            kept[s]: {"capacity": seats[s], "preferences": [a + 1 for a in r]}
            for s, r in enumerate(ranked)
            if r
        },
    }
    found = HospitalResidentsProblem(dictionary=instance, optimised_side="residents")
    result = found.get_stable_matching()
    for resident, hospital in result["resident_sided"].items():
        if hospital:
            yield int(str(resident).lstrip("r")) - 1, back[int(str(hospital).lstrip("h"))]


if __name__ == "__main__":
    name, market, out = sys.argv[1:]
    pairs = sorted({"matching": matching, "algmatch": algmatch}[name](*read(market)))
    with open(out, "w") as to:
        to.writelines(f"{a},{s}\n" for a, s in pairs)
