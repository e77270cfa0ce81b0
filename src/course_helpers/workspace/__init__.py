"""The learner's folder: JupyterLab in it, the copies worked on, and the course as a bundle.

bundle           the whole course with packages and images, for computers without a network
course_files     which files are the course's
lab              opens JupyterLab: `make lab`; and gives fresh copies: `make reset`
wheels           the course's packages as files
working_copies   the copies of the lessons in `work/`
"""
