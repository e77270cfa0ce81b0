"""The foundation of the other packages; it imports none of them.

docker      the Docker engine: whether it can be used, and a client of it
errors      expected failures: what happened, why, and the command that fixes it
findings    the results of checks, for a terminal and for a page
markup      tables, and text from elsewhere, escaped
masking     secrets: which variables hold one, and text with them masked
ports       ports of this computer: which are free, and who holds the others
processes   commands run with a time limit
progress    the progress of something long, a line now and then
settings    `deployment/.env` and the environment
terminal    commands typed in a lesson, shown as a terminal shows them
waiting     waiting until a condition holds
"""
