"""Find patients by whatever is known of them.

``reading`` makes criteria of what was typed, ``entries`` asks the index for each way in which they may be met,
``search`` puts the answers in order, within what the person may see. ``words`` says how names are compared,
``spelling`` which words a typing error makes of one another.
"""
