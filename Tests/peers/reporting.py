"""What the comparisons share: running a program to its end, and what is printed of several runs."""
import os, pathlib, statistics, subprocess, sys, tempfile


def run(*command, **options):
    """The finished process of a command; ends this one if it fails."""
    command = [str(word) for word in command]
    result = subprocess.run(command, capture_output=True, text=True, **options)
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return result


def spread(values, digits=0, unit=""):
    """Median, least and greatest."""
    return f"{statistics.median(values):,.{digits}f}{unit} ({min(values):,.{digits}f}-{max(values):,.{digits}f})"


def ratios(values, others):
    """The same of the runs' ratios."""
    return spread([a / b for a, b in zip(values, others)], 2)


def mebibytes(sizes):
    return f"{statistics.median(sizes) / 2**20:,.0f}"


def unlocked():
    """An environment in which MKL takes an AMD processor for what it is, instead of running at half its speed."""
    library = pathlib.Path(tempfile.gettempdir()) / "mkl-unlocked.so"
    source = "int mkl_serv_intel_cpu_true(void) { return 1; }"
    subprocess.run(["cc", "-shared", "-fPIC", "-xc", "-", "-o", library], input=source, text=True, check=True)
    return os.environ | {"LD_PRELOAD": str(library)}
