"""Helpers that only one lesson needs.

assistant_answers   lesson 07: the same request through two assistants
busy_thread         lesson 06: a thread whose run is under way
capabilities        lesson 05: what the servers can do, compared
checkpointers       lesson 08: three checkpointers timed and measured
figures             lesson 08: a plot with its alt text
kill_and_resume     lesson 08: runs interrupted by killing their process, and resumed
"""
