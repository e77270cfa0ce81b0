"""The foundation of the other packages; it imports none of them.

docker          a client of the Docker engine
docker_checks   whether Docker can be used here: engine, Compose, build plugin, registry
errors          expected failures: what happened, why, and the command that fixes it
findings        the results of checks, for a terminal and for a page
markup          tables, and text from elsewhere, escaped
masking         secrets: which variables hold one, and text with them masked
ports           ports of this computer: which are free, and who holds the others
processes       commands run with a time limit
progress        the progress of something long, a line now and then
settings        `deployment/.env` and the environment
terminal        commands typed in a lesson, shown as a terminal shows them
waiting         waiting until a condition holds
"""
