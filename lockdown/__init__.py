"""Can every checkpoint be staffed in time, by whom, and if not, what is missing?"""
