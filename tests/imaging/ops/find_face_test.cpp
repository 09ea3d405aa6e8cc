#include "imaging/ops/find_face.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "imaging/ops/orient.h"
#include "imaging/phantom/head.h"
#include "tests/support/refusal.h"

namespace consilium::imaging {
namespace {

using test::refusal;
using testing::HasSubstr;

/// Roughly T1-weighted.
float signal_of(Label tissue) {
  switch (static_cast<Tissue>(tissue)) {
    case Tissue::kAir: return 5;
    case Tissue::kScalpFat: return 900;
    case Tissue::kMarrow: return 500;
    case Tissue::kSkull: return 40;
    case Tissue::kMuscle: return 330;
    case Tissue::kCsf: case Tissue::kVentricle: case Tissue::kEye: case Tissue::kNecrotic: return 150;
    case Tissue::kWhiteMatter: return 600;
    case Tissue::kEnhancing: case Tissue::kVessel: return 1000;
    default: return 450;
  }
}

struct Phantom {
  Head head;
  Volume image;
};

const Phantom& phantom() {
  static const Phantom made = [] {
    Rng rng(11);
    Phantom p{make_head({.spacing_mm = 2, .tumour = {}}, rng), {}};
    p.image.geometry = p.head.tissues.geometry;
    for (const Label tissue : p.head.tissues.labels) p.image.voxels.push_back(signal_of(tissue));
    return p;
  }();
  return made;
}

TEST(FindFace, LeavesEveryVoxelOfTheBrainAndClearsWhatLiesBeforeIt) {
  Volume image = phantom().image;
  const FoundFace face = find_face(image);
  EXPECT_LT(face.plane.normal[1], 0) << "to the front";
  EXPECT_LT(face.plane.normal[2], 0) << "and to the feet";
  remove_face(image, face.plane, -7);
  std::size_t brain = 0, eyes = 0, eyes_cleared = 0, cleared = 0;
  for (std::size_t n = 0; n < image.voxels.size(); ++n) {
    const auto tissue = static_cast<Tissue>(phantom().head.tissues.labels[n]);
    const bool is_cleared = image.voxels[n] == -7;
    if (is_brain(tissue)) {
      ++brain;
      ASSERT_EQ(image.voxels[n], phantom().image.voxels[n]) << "voxel " << n << " of the brain";
    }
    if (tissue == Tissue::kEye) ++eyes, eyes_cleared += is_cleared ? 1 : 0;
    if (tissue != Tissue::kAir && is_cleared) ++cleared;
  }
  EXPECT_GT(brain, 100000U);
  EXPECT_GT(cleared * 8 / 1000, 60U) << "ml of the head";
  EXPECT_GT(eyes_cleared, eyes / 2);
}

TEST(FindFace, IsTheSameHoweverTheVoxelsAreStored) {
  const FacePlane plane = find_face(phantom().image).plane;
  const FacePlane turned = find_face(orient(phantom().image, "RSA")).plane;
  EXPECT_EQ(plane.normal, turned.normal);
  EXPECT_NEAR(plane.offset_mm, turned.offset_mm, 1e-6);
}

TEST(FindFace, RefusesWhatIsNoHeadAndHeadsWithoutFace) {
  Volume brain = phantom().image;
  for (std::size_t n = 0; n < brain.voxels.size(); ++n)
    if (!is_brain(static_cast<Tissue>(phantom().head.tissues.labels[n]))) brain.voxels[n] = 0;
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { find_face(brain); }), HasSubstr("no face found"));
  Volume empty = phantom().image;
  empty.voxels.assign(empty.voxels.size(), 3);
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { find_face(empty); }), HasSubstr("no head found"));
  Volume slab = phantom().image;
  slab.geometry.spacing_mm[2] = 0.5;
  EXPECT_THAT(refusal(ErrorCode::kUnsupported, [&] { find_face(slab); }), HasSubstr("no head found: the image is only"));
}

TEST(FindFace, AWiderMarginMovesThePlaneAway) {
  const FoundFace near = find_face(phantom().image, {.margin_mm = 5}), far = find_face(phantom().image, {.margin_mm = 15});
  EXPECT_GT(near.face_ml, far.face_ml);
}

}  // namespace
}  // namespace consilium::imaging
