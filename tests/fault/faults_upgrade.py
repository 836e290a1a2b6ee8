"""Faults around an upgrade to a new binary: good ones under load, broken ones, and several things asked at once."""

import os
import re
import signal

import proc
from fault import HUP, KILL, fault
from manager import ServiceManager
from servers import masters_alive

USR2 = signal.SIGUSR2
BY_HAND = "no upgrade that ends, or is taken back, by itself"
WATCHED = r"Upgrade: .*watched for"
FAILED = r"Upgrade: failed, this master goes on: "


def one_master(case, server, when):
    case.expect(proc.wait_until(lambda: masters_alive() == [server.master], 20),
                f"{when}: masters {masters_alive()}, not {server.master} alone")
    case.expect(proc.wait_until(lambda: proc.read(server.pidfile).strip() == str(server.master), 20),
                f"{when}: the pidfile has {proc.read(server.pidfile).strip()!r}")
    found = sorted(path.name for path in server.pidfile.parent.glob("pid*"))
    case.expect(found == ["pid"], f"{when}: pidfiles {found}")


@fault("T22", "GoodUpgrades", "USR2 under load, again and again", "0 lost, one master, one pidfile, the MAINPID told",
       peers=BY_HAND)
def good_upgrades(case):
    manager = case.manager()
    server = case.server(workers=2, own_binary=True, manager=manager)
    load, count = case.load(server), case.short_or_long(4, 50)
    for number in range(1, count + 1):
        server.install()
        outcome = server.upgrade()
        case.expect(outcome == "serves", f"upgrade {number}: {outcome or 'no word of it'}")
        one_master(case, server, f"upgrade {number}")
        case.expect(proc.wait_until(lambda: manager.main_pid() == server.master, 10),
                    f"upgrade {number}: the manager was told MAINPID={manager.main_pid()}, not {server.master}")
    case.recovers(server)
    case.nothing_lost(load.finish())
    case.note(f"{count} upgrades")


def elf_of_another_machine():
    header = bytearray(64)
    header[:7] = b"\x7fELF\x02\x01\x01"
    header[16], header[18] = 2, 243  # an executable, for RISC-V
    return bytes(header)


def successor_of(server, since):
    told = re.findall(r"Upgrade: \S+ starts as pid (\d+)", server.log()[since:])
    return int(told[-1]) if told else 0


@fault("T23", "BrokenUpgrades",
       "USR2 to a binary that is missing, of another machine, exits, crashes or hangs, at once or when ready",
       "the old stays by itself, its workers untouched, 0 lost; it is told; the next good one works", peers=BY_HAND)
def broken_upgrades(case):
    case.explain("Upgrade: ", "killed by SIGKILL from outside", "The master is gone; this worker ends")
    server = case.server(workers=2, own_binary=True, soak=1, own={"boot_timeout": 1})
    load, workers = case.load(server, rate=100), server.workers()
    at_once = {"missing": None, "another machine": elf_of_another_machine(), "exits": b"#!/bin/sh\nexit 7\n",
               "crashes": b"#!/bin/sh\nkill -SEGV $$\n", "hangs": b"#!/bin/sh\nexec sleep 60\n"}
    for what, content in at_once.items():
        server.program.unlink(missing_ok=True) if content is None else server.install(content)
        since = server.mark()
        server.signal(USR2)
        judge_failure(case, server, what, workers, since)
    for what, number in (("crashes when ready", signal.SIGSEGV), ("is killed when ready", KILL),
                         ("stands still when ready", signal.SIGSTOP)):
        server.install()
        since = server.mark()
        server.signal(USR2)
        if case.expect(server.wait_log(WATCHED, 20, since), f"{what}: it doesn't become ready"):
            os.kill(successor_of(server, since), number)
            judge_failure(case, server, what, workers, since)
    server.install()
    outcome = server.upgrade()
    case.expect(outcome == "serves", f"a good one after them: {outcome or 'no word of it'}")
    one_master(case, server, "in the end")
    case.nothing_lost(load.finish())


def judge_failure(case, server, what, workers, since):
    case.expect(server.wait_log(FAILED, 30, since), f"{what}: no word of a failure")
    one_master(case, server, what)
    case.expect(server.workers() == workers, f"{what}: the old workers were touched")


@fault("T24", "UpgradesInterleaved", "USR2 twice; HUP during it; the old master killed at each step of the handover",
       "one wins, and serves; only the killed one's requests in hand fail", peers=BY_HAND)
def upgrades_interleaved(case):
    case.explain("Upgrade: ", "Reload: ", "The master is gone; this worker ends")
    server = case.server(workers=2, own_binary=True, soak=0.5)
    load, since = case.load(server, rate=100), server.mark()
    proc.pause(0.3)
    for number in (USR2, USR2, HUP):
        server.signal(number)
        server.wait_log(r"Upgrade: \S+ starts as pid", 20, since)
    case.expect(server.wait_log(r"Upgrade: the new master .* has taken over", 30, since), "no upgrade")
    case.expect(server.follow() and server.former_ended(), "the pidfile names no other master")
    case.expect(server.log_count("starts as pid", since) == 1, "USR2 twice are two upgrades")
    case.expect(server.wait_log(r"Reload: generation \d+ serves", 20, since), "the HUP during it was lost")
    one_master(case, server, "USR2 twice and HUP")
    case.nothing_lost(load.finish())
    case.baseline(server)
    case.stops(server)
    for step in (r"Upgrade: \S+ starts as pid", r"is ready after", WATCHED, r"has taken over; this one drains"):
        killed_at(case, step)


def killed_at(case, step):
    """The old master is killed when the log has `step`."""
    server = case.server(workers=2, own_binary=True, soak=0.5, name=f"step{len(case.servers)}")
    load, since = case.load(server, rate=100), server.mark()
    proc.pause(0.3)
    server.signal(USR2)
    case.expect(server.wait_log(step, 20, since), f"no {step}")
    os.kill(server.master, KILL)
    followed = proc.wait_until(server.follow, 30, 0.05) and server.former_ended()
    case.expect(followed, f"killed at '{step}': no other master")
    one_master(case, server, f"killed at '{step}'")
    proc.pause(0.3)
    case.recovers(server)
    case.only_in_hand(load.finish(), 16)
    case.baseline(server)
    case.stops(server)
