"""What is known of the results of Yamagiwa et al. 2025, number by number, without their embeddings.

Sizes and sets were recomputed from the authors' data files; scores of the random baseline and of
stored answers too, by the original recipes; TransE's are written in the script of their Figure 4.
Scores of the analogies themselves on the real embeddings are not among them. `bcv` is the
vocabulary of BioConceptVec, `homemade` that of the authors' own vectors.
"""

import io

import pandas as pd

from lmnotes.errors import InputError, nearest

_TABLES = {
    "statistics": """
statistic        bcv     homemade
D                2262    1980
G                664     634
R                6645    5968
E_d              2.938   3.014
E_g              10.008  9.413
P                136     129
sum_Dp           4087    3612
sum_Gp           1251    1178
sum_Rp           10954   9876
sum_calDp_cap_D  4091    3614
sum_calGp_cap_G  3463    3186
Ep_Ed_P1         1.965   1.990
Ep_Eg_P1         5.050   4.847
Ep_Ed_P2         2.738   2.776
Ep_Eg_P2         7.131   6.714
""",
    "years": """
year  Y2_queries Y2_answers L U  P1Y1_pathways P1Y1_queries P1Y1_relations  P1Y2_pathways P1Y2_queries P1Y2_U  P2Y2_queries
1975  48 14 37 53      7 85 103       6 40 43      42
1980  154 34 117 183   24 536 722     23 253 329   275
1985  272 55 256 296   36 1092 1392   34 419 481   464
1990  288 89 499 344   51 1668 2340   48 448 522   492
1995  369 137 859 515  64 2271 4044   61 565 777   681
2000  325 173 1269 473 83 2609 5608   78 500 699   612
2005  256 153 1637 379 99 2897 6646   98 426 562   511
2010  189 140 1978 281 104 3122 8008  103 303 420  387
2015  131 115 2354 189 124 3447 9195  121 195 258  257
2020  48 44 2603 61    129 3578 9778  125 66 86    96
""",  # noqa: E501
    "random": """
vocabulary direction setting  top1 top10 mrr
bcv drug2gene G       .0185 .1369 .0625
bcv drug2gene P1      .0182 .1397 .0630
bcv drug2gene P2      .0219 .1641 .0723
bcv gene2drug G       .0114 .0753 .0361
bcv gene2drug P1      .0102 .0647 .0318
bcv gene2drug P2      .0091 .0672 .0320
homemade drug2gene G  .0198 .1403 .0646
homemade drug2gene P1 .0204 .1422 .0656
homemade drug2gene P2 .0232 .1630 .0734
homemade gene2drug G  .0104 .0779 .0367
homemade gene2drug P1 .0115 .0703 .0339
homemade gene2drug P2 .0089 .0688 .0323
""",
    "random_years": """
year setting  n top1 top10 mrr
1975 Y2 48 .104 .835 .305
1980 Y2 154 .081 .538 .211
1985 Y2 272 .043 .382 .150
1990 Y2 288 .028 .253 .104
1995 Y2 369 .016 .157 .070
2000 Y2 325 .012 .123 .055
2005 Y2 256 .013 .098 .049
2010 Y2 189 .006 .064 .034
2015 Y2 131 .009 .062 .034
2020 Y2 48 .004 .081 .032
1975 P1Y2 40 .147 .922 .358
1980 P1Y2 253 .079 .583 .224
1985 P1Y2 419 .054 .448 .169
1990 P1Y2 448 .033 .269 .113
1995 P1Y2 565 .017 .156 .071
2000 P1Y2 500 .012 .118 .054
2005 P1Y2 426 .013 .098 .049
2010 P1Y2 303 .007 .068 .034
2015 P1Y2 195 .004 .061 .031
2020 P1Y2 66 .006 .076 .034
1975 P2Y2 42 .107 .898 .308
1980 P2Y2 275 .074 .558 .215
1985 P2Y2 464 .051 .450 .170
1990 P2Y2 492 .032 .274 .113
1995 P2Y2 681 .019 .173 .076
2000 P2Y2 612 .014 .129 .058
2005 P2Y2 511 .009 .104 .049
2010 P2Y2 387 .007 .076 .038
2015 P2Y2 257 .005 .064 .033
2020 P2Y2 96 .003 .057 .029
""",
    "stored": """
vocabulary model setting  top1 top10
bcv gpt-3.5-turbo-0125 G           .6110 .7847
bcv gpt-3.5-turbo-0125 P1          .5809 .7803
bcv gpt-3.5-turbo-0125 P2          .6272 .8035
bcv gpt-4-turbo-2024-04-09 G       .6655 .7951
bcv gpt-4-turbo-2024-04-09 P1      .6334 .7916
bcv gpt-4-turbo-2024-04-09 P2      .6854 .8131
bcv gpt-4o-2024-05-13 G            .7179 .8484
bcv gpt-4o-2024-05-13 P1           .6885 .8554
bcv gpt-4o-2024-05-13 P2           .7421 .8731
homemade gpt-3.5-turbo-0125 G      .6369 .8045
homemade gpt-3.5-turbo-0125 P1     .6041 .7960
homemade gpt-3.5-turbo-0125 P2     .6533 .8213
homemade gpt-4-turbo-2024-04-09 G  .6931 .8180
homemade gpt-4-turbo-2024-04-09 P1 .6545 .8080
homemade gpt-4-turbo-2024-04-09 P2 .7101 .8316
homemade gpt-4o-2024-05-13 G       .7409 .8672
homemade gpt-4o-2024-05-13 P1      .7032 .8679
homemade gpt-4o-2024-05-13 P2      .7604 .8868
""",
    "transe": """
train_fraction MR MRR H1 H3 H10
0.1 459 .183 .069 .214 .419
0.2 296 .299 .166 .363 .581
0.3 229 .376 .229 .455 .671
0.4 189 .467 .313 .562 .759
0.5 160 .572 .428 .674 .839
0.6 135 .798 .752 .831 .873
""",
}


def table(name: str) -> pd.DataFrame:
    """One of the tables: statistics, years, random, random_years, stored, transe.

    >>> int(table("statistics").set_index("statistic").bcv["R"])
    6645
    """
    if name not in _TABLES:
        raise InputError(f"table {name!r}: expected {', '.join(_TABLES)}; {nearest(name, _TABLES)}")
    return pd.read_csv(io.StringIO(_TABLES[name].strip()), sep=r"\s+")
