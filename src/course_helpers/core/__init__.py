"""What everything else stands on, and which stands on nothing of ours.

docker      the Docker engine: whether it can be used, and what a command of it says
errors      what goes wrong foreseeably: what, why, and the command that fixes it
findings    what a check found, for a terminal and for a page
markup      tables and texts of others, escaped
masking     secrets: which variables hold one, and how a text is shown without it
ports       ports of this computer: which are free, and who holds the others
processes   commands that are run within a bounded time
progress    how far something long is, a line now and then
settings    `deployment/.env` and the environment
terminal    commands typed in a lesson, shown as a terminal shows them
waiting     waiting for a condition, rather than for a time
"""
