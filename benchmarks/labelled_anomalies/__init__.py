"""How well rows that are known to be abnormal are told from normal ones, on real tables."""
