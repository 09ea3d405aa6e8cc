#pragma once

namespace consilium::bench {

/// main() of every benchmark: runs what is registered, then prints the ratios.
///
/// Benchmarks are named "work/who"; who is "consilium", a peer ("nibabel", "ITK") or "limit" (what the machine can do at best).
/// Of several repetitions the median counts. For each work one line: our time, theirs, and theirs over ours (above 1: we are
/// faster).
int run(int argc, char** argv);

}  // namespace consilium::bench
