"""Brings patients in from other systems.

Readers (:mod:`patients.importing.fhir`, :mod:`patients.importing.csv`) turn files into the neutral records of
:mod:`patients.importing.incoming`; :mod:`patients.importing.writing` compares these with what is here and writes;
:mod:`patients.importing.runs` keeps each import and its report. See docs/importing.md.
"""
