#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "spec/training.hpp"

/// Image data sets: training and test split are different types, so that no trainer can be handed
/// the test split by mistake.
namespace surf::data
{

/// Where Debian's dataset-fashion-mnist puts Fashion-MNIST (Xiao et al. 2017).
inline constexpr char const* default_folder = "/usr/share/datasets/fashion-mnist";

/// Images of one shape, one after another, each in the order (channel, row, column); 0 is black,
/// 255 white.
struct Images
{
    std::int64_t count = 0;
    Shape shape;
    std::vector<std::uint8_t> pixels;  ///< [count × channels × rows × columns]
    std::string checksum;              ///< over shape and pixels, 32 hex digits
};

/// Images that nothing is ever trained on.
struct TestImages : Images
{
    explicit TestImages(Images images) : Images(std::move(images)) {}
};

/// Images to train on.
struct TrainingImages : Images
{
    explicit TrainingImages(Images images) : Images(std::move(images)) {}
    TrainingImages(TestImages const&) = delete;
};

/// Both splits of a data set. Their images have the same shape.
struct DataSet
{
    TrainingImages training;
    TestImages test;

    /// The checksum over both splits, 32 hex digits, and the shape: what the ids of chains and
    /// trials name the data by, and what networks follow from.
    DataSpec spec() const;
};

/// Both splits, from one of
/// - a folder of IDX files train-images-idx3-ubyte and t10k-images-idx3-ubyte (or idx4), plain or
///   with .gz: [count × rows × columns] or [count × channels × rows × columns], unsigned bytes;
/// - an HDF5 file (.h5, .hdf5) with datasets `training` and `test` of the same kind.
///
/// Throws EnvironmentError if it is not there, FileError naming file and dataset if it is not what
/// it should be.
DataSet load_data_set(std::filesystem::path const& place);

/// The checksum of one split.
std::string checksum(Images const& images);

}  // namespace surf::data
