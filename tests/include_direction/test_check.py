"""The check must find violations, or it checks nothing."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import check

FORBIDDEN = [
    ("base/id.cpp", '#include "mpi/check.hpp"'),  # upwards
    ("mpi/check.cpp", '#include "hdf5/file.hpp"'),
    ("polytope/polytope.cpp", '#include "mpi/check.hpp"'),
    ("data/idx.cpp", '#include "model/network.hpp"'),  # sideways
    ("chain/reader.cpp", '#include "model/network.hpp"'),
    ("sched/ledger.cpp", '#include "hdf5/file.hpp"'),
    ("spec/cell.hpp", '#include "model/network.hpp"'),
    ("spec/cell.hpp", "#include <ATen/ATen.h>"),
    ("trial/engine.cpp", '#include "train/trainer.hpp"'),
    ("sched/ledger.cpp", '#include "store/segment.hpp"'),
    ("sched/ledger.cpp", '#include "trial/engine.hpp"'),
    ("store/segment.cpp", '#include "trial/engine.hpp"'),
    ("store/segment.cpp", '#include "chain/reader.hpp"'),
    ("reduce/reducer.cpp", '#include "train/trainer.hpp"'),
    ("train/trainer.cpp", '#include "app/job/job.hpp"'),
    ("landscape/surfaces.cpp", '#include "trial/engine.hpp"'),
    ("bench/trials.cpp", '#include "app/job/options.hpp"'),  # of the other program
    ("app/main.cpp", '#include "bench/report.hpp"'),
    ("app/job/plan.cpp", '#include "app/plan_text.hpp"'),  # outwards
    ("app/main.cpp", "#include <boost/program_options.hpp>"),
    ("bench/trials.cpp", "#include <boost/program_options.hpp>"),
    ("data/idx.cpp", "#include <model/network.hpp>"),  # the brackets change nothing
    ("data/idx.cpp", '  #  include   "model/network.hpp"  // nor do blanks'),
    ("sched/ledger.cpp", '#include "ledger.hpp"'),
    ("sched/ledger.cpp", '#include "../sched/ledger.hpp"'),
    ("sched/transport.cpp", "#include <mpi.h>"),
    ("hdf5/file.cpp", "#include <mpi.h>"),
    ("store/segment.cpp", "#include <hdf5.h>"),
    ("store/segment.cpp", "#include <H5Ppublic.h>"),
    ("reduce/reducer.cpp", "#include <hdf5_hl.h>"),
    ("trial/engine.cpp", "#include <boost/program_options.hpp>"),
    ("trial/engine.cpp", "#include <boost/program_options/parsers.hpp>"),
    ("store/segment.cpp", "#include <ATen/ATen.h>"),
    ("chain/reader.cpp", "#include <torch/torch.h>"),
    ("base/random.cpp", "#include <c10/core/Device.h>"),
    ("landscape/theory.cpp", "#include <Eigen/Dense>"),
    ("model/device.cpp", "#include <ATen/cuda/CUDAGraph.h>"),
    ("model/device.cpp", "#include <cuda_runtime_api.h>"),
    ("surprise/new.cpp", "#include <vector>"),
]

ALLOWED = [
    ("app/run_command.cpp", '#include "app/job/plan.hpp"'),
    ("app/job/options.cpp", "#include <boost/program_options.hpp>"),
    ("base/id.cpp", '#include "base/id.hpp"'),
    ("base/id.cpp", "#include <vector>"),
    ("base/id.cpp", "#include <fmt/format.h>"),
    ("base/id.cpp", '// #include "app/job/job.hpp"'),
    ("mpi/check.cpp", "#include <mpi.h>"),
    ("hdf5/parallel.cpp", "#include <mpi.h>"),
    ("hdf5/file.cpp", "#include <hdf5.h>"),
    ("chain/reader.cpp", '#include "base/id.hpp"'),  # through hdf5
    ("polytope/polytope.hpp", "#include <Eigen/Core>"),
    ("trial/engine.cpp", '#include "polytope/projection.hpp"'),
    ("trial/engine.cpp", "#include <Eigen/Core>"),
    ("bench/projections.cpp", '#include "polytope/projection.hpp"'),
    ("trial/engine.cpp", '#include "hdf5/file.hpp"'),
    ("trial/engine.cpp", "#include <ATen/ATen.h>"),
    ("model/cuda_graph.cpp", "#include <ATen/cuda/CUDAGraph.h>"),
    ("model/network.hpp", '#include "spec/network.hpp"'),
    ("store/segment.hpp", '#include "spec/cell.hpp"'),
    ("reduce/reducer.cpp", '#include "spec/outcome.hpp"'),  # through store
    ("landscape/theory.cpp", "#include <ATen/ATen.h>"),
    ("landscape/theory_file.cpp", '#include "reduce/statistics.hpp"'),
    ("app/main.cpp", '#include "reduce/reducer.hpp"'),
    ("app/main.cpp", '#include "base/log.hpp"'),
    ("bench/trials.cpp", '#include "trial/engine.hpp"'),
    ("bench/trials.cpp", "#include <ATen/ATen.h>"),
    ("bench/options.cpp", "#include <boost/program_options/parsers.hpp>"),
]


def violations_of(source, line):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, source)
        path.parent.mkdir(parents=True)
        path.write_text(f"#pragma once\n{line}\n", encoding="utf-8")
        return check.violations(folder)


class Check(unittest.TestCase):
    def test_reports_each_violation(self):
        for source, line in FORBIDDEN:
            with self.subTest(source=source, line=line):
                found = violations_of(source, line)
                self.assertEqual(len(found), 1)
                self.assertTrue(found[0].startswith(source))

    def test_accepts_what_the_table_allows(self):
        for source, line in ALLOWED:
            with self.subTest(source=source, line=line):
                self.assertEqual(violations_of(source, line), [])

    def test_app_may_use_every_library(self):
        self.assertEqual(check.reachable("app"), set(check.USES) - {"bench"})

    def test_link_lines_say_the_same(self):
        src = Path(__file__).parents[2] / "src"
        for folder, used in check.USES.items():
            if folder != "base":
                with self.subTest(folder=folder):
                    self.assertEqual(check.linked(src, folder), set(used))

    def test_folders_are_listed_lowest_first(self):
        folders = list(check.USES)
        for folder, used in check.USES.items():
            for lower in used:
                self.assertLess(folders.index(lower), folders.index(folder))

    def test_exit_code_tells(self):
        with tempfile.TemporaryDirectory() as empty:
            command = [sys.executable, check.__file__, empty]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 1)
            self.assertIn("no sources found", result.stdout)


if __name__ == "__main__":
    unittest.main()
