"""The demo bank: 江岚银行, everything invented, laid relative to the day on which it is loaded (domain section 15).

bank      areas, branches and people            clients   invented clients and what they wrote on the form
days      working days around the day of load   cases     1,200 cases and where each of them stands
scenarios one or more cases per scenario        months    the rewards of three months
prices    versions of the split table           desks     what waits this morning about the money
rules     times of a branch, a drafted limit    outages   half an hour without the review
"""
