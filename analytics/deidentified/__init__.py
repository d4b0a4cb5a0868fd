"""Operations for analysis: without the people (Safe Harbor), and with dates under an agreement (limited data set)."""
