"""The images of the stack: named, made, saved, and looked into.

archives        images as one file, for a computer without a network
build           a long build or pull with its steps, logged in full
debian          stand-ins for official images, built from Debian's packages
layers          what an image is made of
make            fetches or builds what is missing or out of date: `make images`
names           the names of the images, and which of them are missing here
secret_search   whether a layer of an image holds a secret
"""
