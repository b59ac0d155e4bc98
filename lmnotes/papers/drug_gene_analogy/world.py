"""A small invented biomedicine: drugs, genes and pathways with the years of what is known of them.

Everything is made up; only the shape of tokens is real (`gene_1001`, `chemical_mesh_d00001`). Drugs
hit genes of their family, a family shares words for its mechanism, and each pathway has words of
its own for genes, for drugs and for both. Hub genes stand beside many drugs and are nobody's
target. The words of a mechanism are used long before a relation is published, which is what makes
predicting it possible.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from lmnotes.errors import InputError, expect_between, expect_one_of

VERSION = 1  # of the draws; part of the key of everything that is built from them
MECHANISM_WORDS = str.split(
    "kinase channel transporter receptor protease ligase synthase antagonism agonism uptake "
    "release binding phosphorylation methylation acetylation oxidation reduction hydrolysis "
    "polymerase helicase signalling trafficking secretion adhesion migration contraction "
    "relaxation excitation inhibition fusion folding export import repair replication "
    "translation degradation ubiquitination chelation intercalation"
)
BEGINNINGS = str.split(  # of the drugs' names; the ending is that of their family
    "abi bela cori dume evo fila gani hexa ilo jade kevi luma mira nori opa pira quino rova selu "
    "tori ulti vari zelo"
)
_PROBABILITIES = str.split(
    "second_pathway foreign_target decoy_pathway gene_share hub_mention target_mention"
)


@dataclass(frozen=True)
class Settings:
    """The small world and its literature; the defaults are the design that was tried first."""

    n_pathways: int = 14
    families_per_pathway: int = 4  # of like genes, each with a home pathway
    genes_per_family: tuple[int, int] = (2, 4)  # fewest and most, drawn evenly
    second_pathway: float = 0.3  # probability that a family belongs to one more pathway
    n_mechanisms: int = 40  # words in the common pool
    mechanisms_per_family: int = 5  # words of them that a family owns
    drugs_per_family: float = 0.35  # p of the geometric number of a family's drugs
    most_drugs: int = 8  # cap of that number
    further_targets: tuple[int, float] = (
        2,
        0.35,
    )  # n and p of the binomial number beyond the first
    foreign_target: float = 0.25  # probability that a drug has one target in another family
    n_decoy_genes: int = 120  # without relations, as are decoy drugs
    n_decoy_drugs: int = 30
    decoy_pathway: float = 0.7  # probability that a decoy has a pathway
    n_hubs: int = 30  # genes that are named beside drugs everywhere and are nobody's target
    gene_debut: tuple[int, int] = (1960, 1999)  # first and last year of birth, drawn evenly
    drug_debut: tuple[int, int] = (1960, 2014)
    lag: tuple[int, int] = (0, 31)  # years from the later birth to the relation's publication
    popularity: float = 0.6  # sigma of the log-normal weight of a concept
    n_abstracts: int = 8000
    years: tuple[int, int] = (1971, 2023)  # of the first and last abstracts
    growth: float = 0.04  # of a year's abstracts on the last year's
    gene_share: float = 0.45  # of abstracts that are about genes; the others are about drugs
    repeats: int = 3  # how often the concept stands in its own abstract
    type_words: int = 12  # words of its kind in an abstract
    hub_type_words: int = 6  # words of drugs in the abstract of a hub
    n_mechanism_mentions: int = 1  # in an abstract; 0 takes mechanisms out of the world
    own_jargon: int = 3  # words of a pathway's own side in an abstract
    shared_jargon: int = 2  # words of both sides in an abstract
    jargon_size: int = 4  # different words of each of the three lists of a pathway
    merged_jargon: bool = False  # True gives genes and drugs of a pathway one list in place of two
    hub_mention: float = 0.9  # probability that a drug's abstract names a hub gene
    target_mention: float = 0.25  # that it names a target, once that relation is published
    n_background: int = 10  # other words in an abstract
    background_words: int = 200  # different ones
    zipf: float = 0.8  # exponent of their frequencies

    def __post_init__(self):
        for name in ("gene_debut", "drug_debut", "lag", "genes_per_family", "years"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                given = f"{name}={low, high}"
                raise InputError(f"{given}: expected 0 <= first <= last; give them in that order")
        for name in _PROBABILITIES:
            expect_between(name, getattr(self, name), 0, 1, "it is a probability")
        for name in ("n_pathways", "families_per_pathway", "n_abstracts"):
            expect_between(name, getattr(self, name), low=1, then="raise it")
        if self.gene_debut[0] > self.years[0] or self.drug_debut[0] > self.years[0]:
            raise InputError(
                f"genes from {self.gene_debut[0]}, drugs from {self.drug_debut[0]} and abstracts "
                f"from {self.years[0]}: expected both kinds to be born by then; begin earlier"
            )


@dataclass(frozen=True, eq=False)
class World:
    """Who there is, what hits what and since when; `abstracts` writes about it.

    Args:
        genes, drugs: a row per concept: concept, name, year (of birth), role ("family", "decoy" or
            "hub"), weight, families and pathways (lists of numbers). Names are for readers, and
            share the family's syllable (gene VOK2, drug Belavok); the text has concepts only.
        relations: a row per pair: drug, gene, year (of publication), family.
        pathways: names of the pathways, by number.
        mechanisms: family -> its words.
    """

    settings: Settings
    seed: int
    genes: pd.DataFrame
    drugs: pd.DataFrame
    relations: pd.DataFrame
    pathways: list[str]
    mechanisms: list[list[str]] = field(default_factory=list)


def world(settings: Settings | None = None, seed: int = 0) -> World:
    """An invented world: the same for the same settings and seed.

    >>> small = world(Settings(n_pathways=3, n_decoy_genes=4, n_hubs=2, n_decoy_drugs=1), seed=1)
    >>> small.relations.columns.tolist(), sorted(set(small.genes.role))
    (['drug', 'gene', 'family', 'year'], ['decoy', 'family', 'hub'])
    """
    s = settings or Settings()
    rng = np.random.default_rng([seed, VERSION, 1])
    n_families = s.n_pathways * s.families_per_pathway
    paths = [_pathways_of(family, s, rng) for family in range(n_families)]
    rounds = -(-s.n_mechanisms // len(MECHANISM_WORDS))  # then the words come again, numbered
    names = enumerate(MECHANISM_WORDS * rounds)
    pool = [word + (str(i) if i >= len(MECHANISM_WORDS) else "") for i, word in names]
    pool = pool[: s.n_mechanisms]
    n_own = min(s.mechanisms_per_family, len(pool))
    # decoys have a mechanism as well, of a family of their own without relations
    n_all = n_families + s.n_decoy_genes + s.n_decoy_drugs
    mechanisms = [[pool[i] for i in rng.choice(len(pool), n_own, False)] for _ in range(n_all)]
    low, high = s.genes_per_family
    rows = [
        ("family", [family], paths[family])
        for family in range(n_families)
        for _ in range(rng.integers(low, high + 1))
    ]
    members = [[row for row, gene in enumerate(rows) if gene[1] == [f]] for f in range(n_families)]
    rows += [
        ("decoy", [n_families + i], _decoy_pathway(s, rng)) for i in range(s.n_decoy_genes)
    ] + [("hub", [], [])] * s.n_hubs
    endings = _endings(n_all, seed)
    genes = _concepts(rows, "gene", s, rng, endings)
    rows, hits = _drugs(members, paths, s, rng)
    first = n_families + s.n_decoy_genes
    rows += [("decoy", [first + i], _decoy_pathway(s, rng)) for i in range(s.n_decoy_drugs)]
    drugs = _concepts(rows, "drug", s, rng, endings)
    pairs = [(drug, gene, family) for drug, of in enumerate(hits) for gene, family in of]
    born = [max(drugs.year[drug], genes.year[gene]) for drug, gene, _ in pairs]
    lags = rng.integers(*s.lag, len(pairs), endpoint=True)
    years = np.minimum(np.array(born, int) + lags, s.years[1])
    ends = [(drugs.concept[drug], genes.concept[gene], family) for drug, gene, family in pairs]
    relations = pd.DataFrame(ends, columns=["drug", "gene", "family"]).assign(year=years)
    names = [f"pathway {number + 1}" for number in range(s.n_pathways)]
    return World(s, seed, genes, drugs, relations, names, mechanisms)


def _pathways_of(family: int, s: Settings, rng: np.random.Generator) -> list[int]:
    """The home pathway of a family, and sometimes a second one."""
    home = family // s.families_per_pathway
    if s.n_pathways > 1 and rng.random() < s.second_pathway:
        other = int(rng.integers(s.n_pathways - 1))
        return [home, other + (other >= home)]
    return [home]


def _decoy_pathway(s: Settings, rng: np.random.Generator) -> list[int]:
    return [int(rng.integers(s.n_pathways))] if rng.random() < s.decoy_pathway else []


def _drugs(members: list[list[int]], paths: list[list[int]], s: Settings, rng) -> tuple[list, list]:
    """The rows of the drugs with relations, and (gene row, family) of each one's targets."""
    rows, hits = [], []
    for family, genes in enumerate(members):
        for _ in range(min(s.most_drugs, int(rng.geometric(s.drugs_per_family)))):
            n_targets = min(len(genes), 1 + int(rng.binomial(*s.further_targets)))
            own = [(int(gene), family) for gene in rng.choice(genes, n_targets, replace=False)]
            families = [family]
            if len(members) > 1 and rng.random() < s.foreign_target:
                other = int(rng.integers(len(members) - 1))
                other += other >= family
                own.append((int(rng.choice(members[other])), other))
                families.append(other)
            rows.append(("family", families, sorted({p for f in families for p in paths[f]})))
            hits.append(own)
    return rows, hits


def _endings(n: int, seed: int) -> list[str]:
    """A syllable for each family, by which a reader (never the text) tells it."""
    syllables = ["".join(s) for s in itertools.product("bdgklmnprtvz", "aeo", "lnrtxz")]
    order = np.random.default_rng([seed, VERSION, 3]).permutation(len(syllables))
    rounds = (divmod(number, len(order)) for number in range(n))  # a second one says it twice
    return [syllables[order[place]] * (1 + times) for times, place in rounds]


def _names(rows: list[tuple], kind: str, endings: list[str]) -> list[str]:
    """What a reader calls the concepts: genes VOK1, VOK2, their drugs Belavok, Durivok."""
    names, members = [], Counter()
    for role, families, _ in rows:
        first = families[0] if families else role
        members[first] += 1
        if role == "hub":
            names.append(f"HUB{members[first]}")
        elif kind == "gene":
            names.append(f"{endings[first].upper()}{members[first]}")
        else:
            beginning = BEGINNINGS[(7 * first + 3 * members[first]) % len(BEGINNINGS)]
            names.append(f"{beginning}{endings[first]}".capitalize())
    return names


def _concepts(
    rows: list[tuple], kind: str, s: Settings, rng: np.random.Generator, endings: list[str]
) -> pd.DataFrame:
    """The table of one kind of concepts, with years of birth and weights."""
    kinds = {
        "gene": ("gene_{}", 1001, s.gene_debut),
        "drug": ("chemical_mesh_d{:05d}", 1, s.drug_debut),
    }
    token, first, debut = kinds[kind]
    numbers = range(first, first + len(rows))
    return pd.DataFrame(
        {
            "concept": [token.format(number) for number in numbers],
            "name": _names(rows, kind, endings),
            "year": rng.integers(*debut, len(rows), endpoint=True),
            "role": [role for role, _, _ in rows],
            "weight": rng.lognormal(0, s.popularity, len(rows)),
            "families": [families for _, families, _ in rows],
            "pathways": [list(pathways) for _, _, pathways in rows],
        }
    )


def without(settings: Settings, *parts: str) -> Settings:
    """The settings with some parts taken out: "mechanisms", "hubs" or "jargon" (its two sides).

    >>> without(Settings(), "hubs").n_hubs
    0
    """
    changes = {
        "mechanisms": {"n_mechanism_mentions": 0},
        "hubs": {"n_hubs": 0},
        "jargon": {"merged_jargon": True},
    }
    for part in parts:
        expect_one_of("part", part, changes)
        settings = replace(settings, **changes[part])
    return settings
