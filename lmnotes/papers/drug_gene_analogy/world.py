"""A small invented biomedicine: drugs, genes and pathways with the years of what is known of them.

Everything is made up; only the shape of tokens is real (`gene_1001`, `chemical_mesh_d00001`). Drugs
hit genes of their family, a family shares words for its mechanism, and each pathway has words of
its own for genes, for drugs and for both. Hub genes stand beside many drugs and are nobody's
target. The words of a mechanism are used long before a relation is published, which is what makes
predicting it possible.
"""

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
_PROBABILITIES = str.split(
    "second_pathway foreign_target decoy_pathway gene_share hub_mention target_mention"
)


@dataclass(frozen=True)
class Settings:
    """The small world and its literature; the defaults are the design that was tried first.

    Args:
        n_pathways, families_per_pathway: so many families of like genes, each with a home pathway.
        genes_per_family: fewest and most genes of a family, drawn evenly.
        second_pathway: probability that a family belongs to one more pathway.
        n_mechanisms, mechanisms_per_family: words in the common pool, and how many a family owns.
        drugs_per_family: p of the geometric number of a family's drugs. most_drugs: its cap.
        further_targets: n and p of the binomial number of targets beyond the first.
        foreign_target: probability that a drug has one target in another family.
        n_decoy_genes, n_decoy_drugs: without relations. decoy_pathway: probability of having one.
        n_hubs: genes that are named beside drugs everywhere and are nobody's target.
        gene_debut, drug_debut: first and last year of birth, drawn evenly.
        lag: least and most years from the later birth to the relation's publication.
        popularity: sigma of the log-normal weight of a concept.
        n_abstracts, years, growth: how many, from when to when, and the growth of a year on the
            last.
        gene_share: share of abstracts about genes; the others are about drugs.
        repeats: how often the concept stands in its own abstract.
        type_words, hub_type_words: words of its kind; words of drugs in the abstract of a hub.
        n_mechanism_mentions: words of the mechanism in an abstract; 0 takes them out of the world.
        own_jargon, shared_jargon: words of a pathway's own side and of both sides in an abstract.
        jargon_size: different words of each of the three lists of a pathway.
        merged_jargon: True gives genes and drugs of a pathway one list in place of two.
        hub_mention: probability that a drug's abstract names a hub gene.
        target_mention: probability that it names a target, once that relation is published.
        n_background, background_words, zipf: other words in an abstract, out of so many, and the
            exponent of their frequencies.
    """

    n_pathways: int = 14
    families_per_pathway: int = 4
    genes_per_family: tuple[int, int] = (2, 4)
    second_pathway: float = 0.3
    n_mechanisms: int = 40
    mechanisms_per_family: int = 5
    drugs_per_family: float = 0.35
    most_drugs: int = 8
    further_targets: tuple[int, float] = (2, 0.35)
    foreign_target: float = 0.25
    n_decoy_genes: int = 120
    n_decoy_drugs: int = 30
    decoy_pathway: float = 0.7
    n_hubs: int = 30
    gene_debut: tuple[int, int] = (1960, 1999)
    drug_debut: tuple[int, int] = (1960, 2014)
    lag: tuple[int, int] = (0, 31)
    popularity: float = 0.6
    n_abstracts: int = 8000
    years: tuple[int, int] = (1971, 2023)
    growth: float = 0.04
    gene_share: float = 0.45
    repeats: int = 3
    type_words: int = 12
    hub_type_words: int = 6
    n_mechanism_mentions: int = 1
    own_jargon: int = 3
    shared_jargon: int = 2
    jargon_size: int = 4
    merged_jargon: bool = False
    hub_mention: float = 0.9
    target_mention: float = 0.25
    n_background: int = 10
    background_words: int = 200
    zipf: float = 0.8

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
            "hub"), weight, families and pathways (lists of numbers).
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
    genes = _concepts(rows, "gene", s, rng)
    rows, hits = _drugs(members, paths, s, rng)
    first = n_families + s.n_decoy_genes
    rows += [("decoy", [first + i], _decoy_pathway(s, rng)) for i in range(s.n_decoy_drugs)]
    drugs = _concepts(rows, "drug", s, rng)
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


def _concepts(rows: list[tuple], kind: str, s: Settings, rng: np.random.Generator) -> pd.DataFrame:
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
            "name": [f"{kind.title()} {number}" for number in numbers],
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
