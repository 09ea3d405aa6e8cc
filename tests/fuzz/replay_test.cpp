#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "base/files.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/heap_meter.h"
#include "tests/fuzz/mutate.h"

namespace consilium::fuzz {
namespace {

/// Every input may take this much, and `bytes_per_byte` of its size.
constexpr std::size_t kAllowanceBytes = std::size_t{24} << 20;
/// Hangs, not slowness: a sanitizer on a busy machine stays below.
constexpr double kMostSeconds = 20;
constexpr std::size_t kMutations = 6000;  // per kind, over all corpus entries; CONSILIUM_FUZZ_MUTATIONS asks for more
constexpr std::uint64_t kSeed = 20240501;

struct Entry {
  std::string name;
  Bytes bytes;
};

std::vector<Entry> read_corpus(std::string_view folder) {
  std::vector<Entry> entries;
  for (const auto& file : fs::directory_iterator(fs::path(CONSILIUM_SOURCE_DIR) / "tests/fuzz/corpus" / folder)) {
    const std::string bytes = read_file(file.path());
    entries.push_back({file.path().filename().string(), Bytes(bytes.begin(), bytes.end())});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

/// What a defect that takes memory without bound would run into, if it does not go through operator new. Sanitizers need the
/// space.
void limit_address_space() {
#if !defined(CONSILIUM_SANITIZED)
  const rlimit limit{std::uint64_t{8} << 30, std::uint64_t{8} << 30};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

/// What went wrong with one input; empty when nothing did.
std::string failure(const Kind& kind, const Bytes& bytes) {
  HeapMeter::reset();
  const auto start = std::chrono::steady_clock::now();
  try {
    kind.body(bytes);
  } catch (const std::exception& error) {
    return std::string("threw ") + error.what();
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const std::size_t most = kAllowanceBytes + kind.bytes_per_byte * bytes.size();
  if (HeapMeter::peak_bytes() > most)
    return "took " + std::to_string(HeapMeter::peak_bytes()) + " bytes of heap, more than " + std::to_string(most);
  if (seconds > kMostSeconds) return "took " + std::to_string(seconds) + " s";
  return "";
}

std::size_t mutations() {
  const char* wanted = std::getenv("CONSILIUM_FUZZ_MUTATIONS");
  return wanted == nullptr ? kMutations : std::stoul(wanted);
}

class Fuzz : public testing::TestWithParam<Kind> {};

TEST_P(Fuzz, CorpusAndItsMutationsGiveResultsOrErrorsAndNothingElse) {
  limit_address_space();
  const Kind& kind = GetParam();
  std::vector<Entry> corpus = read_corpus(kind.corpus);
  ASSERT_GE(corpus.size(), 10U);
  if (kind.examples != nullptr)
    for (const std::string& example : kind.examples()) corpus.push_back({"example " + std::to_string(corpus.size()), Bytes(example.begin(), example.end())});
  Rng rng(kSeed);
  int failures = 0;
  const auto run = [&](const std::string& what, const Bytes& bytes) {
    const std::string found = failure(kind, bytes);
    if (found.empty() || ++failures > 10) return;
    const fs::path saved =
        fs::temp_directory_path() / ("consilium_fuzz_" + std::string(kind.name) + "_" + std::to_string(failures));
    write_file(saved, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    ADD_FAILURE() << what << " " << found << "; the input is in " << saved;
  };
  for (const Entry& entry : corpus) run(entry.name, entry.bytes);
  for (std::size_t n = 0; n < mutations(); ++n) {
    const Entry& entry = corpus[n % corpus.size()];
    run("mutation " + std::to_string(n) + " of " + entry.name, mutate(entry.bytes, corpus[rng.below(corpus.size())].bytes, rng));
  }
  EXPECT_EQ(failures, 0);
}

INSTANTIATE_TEST_SUITE_P(Input, Fuzz, testing::ValuesIn(kinds()),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

}  // namespace
}  // namespace consilium::fuzz
