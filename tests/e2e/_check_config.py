#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What cgnatd --check says about every file of tests/conf and config/.

A bad file, and one that is only warned of, begins with lines "# expect: MESSAGE"; " ..." in it stands for any text between.
"""
import glob
import os
import shutil
import subprocess
import tempfile

import _frames as lab

CGNATD = os.path.join(os.environ.get("CGN_BUILD", f"{lab.TOP}/build"), "app/cgnatd/cgnatd")
EXPECT = b"# expect: "
ERRORS = "in the configuration"
SECRET = "/etc/cgnatd/radius-secret"
CERTIFICATES = ("/etc/ca.pem", "/etc/cert.pem", "/etc/key.pem")


def files(pattern):
    """Appliance files: FILE itself, or cgnat.yaml in the folder."""
    for path in sorted(glob.glob(pattern)):
        yield f"{path}/cgnat.yaml" if os.path.isdir(path) else path


def expected(path):
    lines = []
    with open(path, "rb") as file:
        for line in file:
            if not line.startswith(EXPECT):
                return lines
            lines.append(line[len(EXPECT):].rstrip(b"\n").decode())
    return lines


def matches(text, wanted):
    begin, gap, rest = wanted.partition(" ...")
    return text.startswith(begin) and (not gap or rest in text[len(begin):])


def check(path):
    done = subprocess.run([CGNATD, "--check", "-c", path], capture_output=True, text=True,
                          errors="replace", timeout=60, check=False)
    folder = os.path.dirname(path) + "/"
    return done.returncode, done.stdout, done.stderr.replace(folder, "").splitlines()


def bad(path):
    status, _, said = check(path)
    wanted = expected(path)
    wrong = [f"status {status} instead of 1"] if status != 1 else []
    wrong += [f"not said: {w}" for w in wanted if not any(matches(s, w) for s in said)]
    messages = [s for s in said if ERRORS not in s]
    if not wanted or len(messages) != len(wanted):
        wrong += [f"{len(wanted)} messages expected, said were:"] + messages
    if not said or not said[-1].endswith(ERRORS):
        wrong.append("the last line does not say how many errors there are")
    return wrong


def names_files(path):
    for tenant in glob.glob(f"{os.path.dirname(path)}/*.yaml"):
        with open(tenant, encoding="utf-8", errors="replace") as file:
            text = file.read()
            if any(name in text for name in (SECRET, *CERTIFICATES)):
                return True
    return False


def with_files(path, place):
    """Where the secret of RADIUS and certificates are read: a copy of the folder that names some there are."""
    shutil.copytree(os.path.dirname(path), place, dirs_exist_ok=True)
    secret = f"{place}/secret"
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write("of-the-test\n")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a.example",
                    "-days", "2", "-keyout", f"{place}/key.pem", "-out", f"{place}/cert.pem"],
                   capture_output=True, check=True, timeout=60)
    shutil.copy(f"{place}/cert.pem", f"{place}/ca.pem")
    for tenant in glob.glob(f"{place}/*.yaml"):
        with open(tenant, encoding="utf-8") as file:
            text = file.read()
        with open(tenant, "w", encoding="utf-8") as file:
            text = text.replace(SECRET, secret)
            for name in CERTIFICATES:
                text = text.replace(name, f"{place}/{os.path.basename(name)}")
            file.write(text)
    return f"{place}/{os.path.basename(path)}"


def good(path):
    with tempfile.TemporaryDirectory() as place:
        status, printed, said = check(with_files(path, place) if names_files(path) else path)
    wrong = [s for s in said if not s.startswith("warning: ")]
    if status == 0 and not wrong and " good: " in printed:
        return []
    return [f"status {status}", printed] + wrong


def warned(path):
    wrong = good(path)
    said, wanted = check(path)[2], expected(path)
    if len(said) != len(wanted) or not all(matches(s, w) for s, w in zip(said, wanted)):
        wrong += ["expected:"] + wanted + ["said:"] + said
    return wrong


def is_appliance(path):
    with open(path, encoding="utf-8") as file:
        return any(line.startswith("tenants:") for line in file)


def judge(kind, paths, function):
    n = 0
    for n, path in enumerate(paths, 1):
        name = os.path.relpath(path, lab.TOP).removesuffix("/cgnat.yaml")
        wrong = function(path)
        lab.ok(not wrong, f"{name} is {kind}", "\n".join(wrong))
    lab.ok(n > 0, f"there are files to be {kind}")


judge("refused with its messages", files(f"{lab.TOP}/tests/conf/bad.*"), bad)
judge("accepted", files(f"{lab.TOP}/tests/conf/good.*"), good)
judge("accepted with its warnings", files(f"{lab.TOP}/tests/conf/warn.*"), warned)
judge("a good example", [p for p in sorted(glob.glob(f"{lab.TOP}/config/**/*.yaml", recursive=True))
                         if is_appliance(p)], good)
lab.finish()
