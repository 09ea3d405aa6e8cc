#include <NTL/ZZ_pX.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "fl/encrypt/ntt.h"

namespace consilium::fl {
namespace {

NTL::ZZ to_zz(std::uint64_t value) { return NTL::ZZFromBytes(reinterpret_cast<const unsigned char*>(&value), sizeof value); }

TEST(Ntl, MultipliesModuloTheSamePolynomialAsOurTransform) {
  Rng rng(4);
  for (const std::size_t size : {4096U, 8192U}) {
    const std::uint64_t prime = greatest_ntt_primes(50, 1, size)[0];
    const Ntt ntt(Modulus(prime), size);
    NTL::ZZ_pPush modulus(to_zz(prime));
    NTL::ZZ_pX theirs_a, theirs_b, ring;
    std::vector<std::uint64_t> a(size), b(size);
    for (std::size_t n = 0; n < size; ++n) {
      a[n] = rng.next() % prime;
      b[n] = rng.next() % prime;
      NTL::SetCoeff(theirs_a, static_cast<long>(n), NTL::to_ZZ_p(to_zz(a[n])));
      NTL::SetCoeff(theirs_b, static_cast<long>(n), NTL::to_ZZ_p(to_zz(b[n])));
    }
    NTL::SetCoeff(ring, static_cast<long>(size), 1);
    NTL::SetCoeff(ring, 0, 1);
    const NTL::ZZ_pX theirs = (theirs_a * theirs_b) % ring;
    ntt.forward(a);
    ntt.forward(b);
    for (std::size_t n = 0; n < size; ++n) a[n] = ntt.modulus().multiply(a[n], b[n]);
    ntt.inverse(a);
    for (std::size_t n = 0; n < size; ++n) {
      std::uint64_t value = 0;
      NTL::BytesFromZZ(reinterpret_cast<unsigned char*>(&value), NTL::rep(NTL::coeff(theirs, static_cast<long>(n))), sizeof value);
      ASSERT_EQ(a[n], value) << "coefficient " << n << " of " << size;
    }
  }
}

}  // namespace
}  // namespace consilium::fl
